//! What all clients share.

use std::sync::Mutex;

use wavlm_format::Decision;
use wavlm_runtime::tasks::words::WordModel;
use wavlm_wyoming::Info;

use crate::listen::voices::Voices;

/// The model, and how it is used.
pub struct Service {
    /// Computes for one window of one client at a time.
    pub model: Mutex<WordModel>,
    /// Samples of the shortest sound that the model takes.
    pub needed: usize,
    /// The model's labels.
    pub labels: Vec<String>,
    /// When a word counts as heard.
    pub decision: Decision,
    /// Whether windows in which nobody speaks are left out.
    pub gate: bool,
    /// Who may be named.
    pub voices: Option<Voices>,
    /// What clients are told.
    pub info: Info,
}
