//! What listens: the model with the heads that are wanted, when a word counts, and whose voices are known.

use wavlm_format::Decision;
use wavlm_runtime::tasks::words::WordModel;

use super::config::{self, Words};
use super::voices::Voices;
use crate::failure::Failure;
use crate::setup::Setup;

/// A model that hears words, and voices if they matter.
#[derive(Debug)]
pub struct Ears {
    /// Scores windows.
    pub model: WordModel,
    /// When a word counts as heard.
    pub decision: Decision,
    /// Who may be named.
    pub voices: Option<Voices>,
}

impl Ears {
    /// Plans the model. `voices` says where voices are to be found, if they matter.
    ///
    /// # Errors
    /// The model lacks a head, a voiceprint cannot be used, or the decision makes no sense.
    pub fn new(setup: &Setup, words: &Words, voices: Option<&config::Voices>) -> Result<Self, Failure> {
        let voices =
            voices.map(|wanted| Voices::read(wanted, &setup.model, &setup.model_name)).transpose()?;
        let plan = if voices.is_some() { WordModel::with_voices } else { WordModel::new };
        let model = plan(&setup.model, &setup.options).map_err(Failure::model(&setup.model_name))?;
        let decision = words.decide(model.decision());
        let decision = decision.ok_or_else(|| Failure::NotEager { model: setup.model_name.clone() })?;
        model.spotter(&decision)?; // refuses a decision that makes no sense before any sound is waited for
        Ok(Ears { model, decision, voices })
    }
}
