//! What all clients share.

use std::sync::Mutex;

use wavlm_runtime::tasks::words::WordModel;
use wavlm_wyoming::{Attribution, Info, Word};

use crate::listen::ears::Attention;

/// The model, and how it is used.
pub struct Service {
    /// Computes for one window of one client at a time.
    pub model: Mutex<WordModel>,
    /// What is made of what it says.
    pub attention: Attention,
}

impl Service {
    /// What clients are told; made afresh, since the phrases may have changed.
    pub fn info(&self) -> Info {
        let word = |name: String| Word { name, languages: vec!["en".to_owned()] };
        Info {
            name: "wavlm".to_owned(),
            description: "Keywords, and who said them, by WavLM on this machine".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            attribution: Attribution {
                name: "wavlm-edge".to_owned(),
                url: "https://arxiv.org/abs/2110.13900".to_owned(),
            },
            words: self.attention.words().into_iter().map(word).collect(),
        }
    }
}
