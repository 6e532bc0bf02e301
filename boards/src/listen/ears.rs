//! What listens: the model with the heads that are wanted, and how what it says is understood.

use wavlm_format::Decision;
use wavlm_runtime::frontend::AudioReader;
use wavlm_runtime::tasks::words::{
    DecisionError, Detection, Gate, KeywordSpotter, Listening, Score, Tuning, WordModel, is_keyword,
};

use super::config::{self, Config};
use super::voices::{Likeness, Voices};
use crate::failure::Failure;
use crate::setup::Setup;

/// A model that hears words, and voices if they matter.
#[derive(Debug)]
pub struct Ears {
    /// Scores windows.
    pub model: WordModel,
    /// What is made of the scores.
    pub attention: Attention,
}

/// When a word counts as heard, and who may be named. It holds no model, so that several sounds can share one.
#[derive(Debug)]
pub struct Attention {
    labels: Vec<String>,
    /// Samples of the shortest sound that the model takes.
    needed: usize,
    decision: Decision,
    tuning: Tuning,
    gate: bool,
    voices: Option<Voices>,
}

impl Ears {
    /// Plans the model for a configuration. `voices` says where voices are to be found, if they matter.
    ///
    /// # Errors
    /// The model lacks a head, a voiceprint cannot be used, the decision makes no sense, or the configuration names
    /// a word that the model does not know.
    pub fn new(setup: &Setup, config: &Config, voices: Option<&config::Voices>) -> Result<Self, Failure> {
        let voices =
            voices.map(|wanted| Voices::read(wanted, &setup.model, &setup.model_name)).transpose()?;
        let plan = if voices.is_some() { WordModel::with_voices } else { WordModel::new };
        let model = plan(&setup.model, &setup.options).map_err(Failure::model(&setup.model_name))?;
        let decision = config.words.decide(model.decision());
        let decision = decision.ok_or_else(|| Failure::NotEager { model: setup.model_name.clone() })?;
        let attention = Attention {
            labels: model.labels().to_vec(),
            needed: model.needed_samples(),
            decision,
            tuning: config.words.tuning(),
            gate: config.sound.gate,
            voices,
        };
        if let Some(word) = config.named_words().find(|word| !model.keywords().contains(&word.as_str())) {
            return Err(Failure::UnknownWord { word: word.clone(), known: model.keywords().join(", ") });
        }
        attention.spotter()?; // refuses a decision that makes no sense before any sound is waited for
        Ok(Ears { model, attention })
    }
}

impl Attention {
    /// Listens to a sound with whatever scores windows as this model does.
    ///
    /// # Errors
    /// The decision makes no sense; [`Ears::new`] has refused that.
    pub fn listen<S: Score>(&self, sound: AudioReader, scorer: S) -> Result<Listening<S>, DecisionError> {
        let listening = Listening::new(sound, self.spotter()?, self.needed, scorer);
        let gate = if self.gate { Gate::new(&self.labels) } else { None };
        Ok(match gate {
            Some(gate) => listening.gated(gate),
            None => listening,
        })
    }

    /// Who said a word of a sound.
    pub fn likeness<S: Score>(&self, listening: &Listening<S>, word: &Detection) -> Likeness {
        let voice = listening.voice_of(word).zip(self.voices.as_ref());
        voice.map(|(voice, voices)| voices.likeness(&voice)).unwrap_or_default()
    }

    /// Of each label that is a keyword, the word and its threshold.
    pub fn keywords(&self) -> Vec<Option<(String, f32)>> {
        let threshold = |label: &String| self.tuning.threshold(label, self.decision.threshold);
        let keyword = |label: &String| is_keyword(label).then(|| (label.clone(), threshold(label)));
        self.labels.iter().map(keyword).collect()
    }

    /// Whether somebody of that name is enrolled.
    pub fn knows(&self, name: &str) -> bool {
        self.voices.as_ref().is_some_and(|voices| voices.knows(name))
    }

    fn spotter(&self) -> Result<KeywordSpotter, DecisionError> {
        KeywordSpotter::tuned(&self.labels, &self.decision, &self.tuning)
    }
}
