//! What all clients share.

use std::sync::Mutex;

use wavlm_runtime::tasks::words::WordModel;
use wavlm_wyoming::Info;

use crate::listen::ears::Attention;

/// The model, and how it is used.
pub struct Service {
    /// Computes for one window of one client at a time.
    pub model: Mutex<WordModel>,
    /// What is made of what it says.
    pub attention: Attention,
    /// What clients are told.
    pub info: Info,
}
