//! What listens: the model with the heads that are wanted, and how what it says is understood.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wavlm_format::Decision;
use wavlm_runtime::frontend::AudioReader;
use wavlm_runtime::tasks::phrases::{Phrase, PhraseSpotter};
use wavlm_runtime::tasks::words::{
    Beside, DecisionError, Detection, Gate, Hearer, KeywordSpotter, Listening, Score, Tuning, WordModel,
};

use super::config::{self, Config};
use super::phrases::Phrases;
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
    /// The file of words may change while sounds are heard.
    phrases: Option<Mutex<Phrases>>,
}

impl Ears {
    /// Plans the model for a configuration. `voices` says where voices are to be found, if they matter; they do, too, where
    /// a phrase is for some voices only.
    ///
    /// # Errors
    /// The model lacks a head, a voiceprint or the file of words cannot be used, the decision makes no sense, or the
    /// configuration names a word or a voice that is not known.
    pub fn new(setup: &Setup, config: &Config, voices: Option<&config::Voices>) -> Result<Self, Failure> {
        let read = |file| Phrases::read(file, &setup.model, &setup.model_name);
        let phrases = config.words.file.clone().map(read).transpose()?;
        let owned: Vec<String> =
            phrases.iter().flat_map(|phrases| phrases.book().voices().cloned()).collect();
        let usual = config::Voices::default();
        let wanted = voices.or_else(|| config.voices.as_ref().or(Some(&usual)).filter(|_| !owned.is_empty()));
        let voices =
            wanted.map(|wanted| Voices::read(wanted, &setup.model, &setup.model_name)).transpose()?;
        let beside = Beside { voices: voices.is_some(), phones: phrases.is_some() };
        let model = WordModel::with(&setup.model, &setup.options, beside);
        let model = model.map_err(Failure::model(&setup.model_name))?;
        let decision = config.words.decide(model.decision());
        let decision = decision.ok_or_else(|| Failure::NotEager { model: setup.model_name.clone() })?;
        let mut tuning = config.words.tuning();
        if let Some(phrases) = &phrases {
            tuning.keywords = Some(phrases.book().keywords.clone());
        }
        let attention = Attention {
            labels: model.labels().to_vec(),
            needed: model.needed_samples(),
            decision,
            tuning,
            gate: config.sound.gate,
            voices,
            phrases: phrases.map(Mutex::new),
        };
        attention.check(&model, config, &owned)?;
        Ok(Ears { model, attention })
    }
}

impl Attention {
    /// Refuses what cannot be heard before any sound is waited for.
    fn check(&self, model: &WordModel, config: &Config, owned: &[String]) -> Result<(), Failure> {
        let unknown = |word: &String, known: &[String]| Failure::UnknownWord {
            word: word.clone(),
            known: known.join(", "),
        };
        let keywords: Vec<String> = model.keywords().into_iter().map(str::to_owned).collect();
        let wanted = self.tuning.keywords.iter().flatten();
        if let Some(word) = wanted.clone().find(|word| !keywords.contains(word)) {
            return Err(unknown(word, &keywords));
        }
        let words = self.words();
        if let Some(word) = config.named_words().find(|word| !words.contains(word)) {
            return Err(unknown(word, &words));
        }
        if let Some(name) = owned.iter().find(|name| !self.knows(name)) {
            return Err(Failure::UnknownVoice { name: name.clone() });
        }
        self.spotter()?;
        Ok(())
    }

    /// Listens to a sound with whatever scores windows as this model does.
    ///
    /// # Errors
    /// The decision makes no sense; [`Ears::new`] has refused that.
    pub fn listen<S: Score>(&self, sound: AudioReader, scorer: S) -> Result<Ear<S>, DecisionError> {
        let mut hearer = Hearer::new(self.spotter()?);
        if let Some(gate) = self.gate.then(|| Gate::new(&self.labels)).flatten() {
            hearer = hearer.gated(gate);
        }
        let mut ear = Ear { listening: Listening::new(sound, hearer, self.needed, scorer), version: 0 };
        self.follow(&mut ear);
        Ok(ear)
    }

    /// Takes over what has changed in the file of words.
    pub fn follow<S: Score>(&self, ear: &mut Ear<S>) {
        let Some(mut phrases) = self.phrases() else { return };
        reread(&mut phrases);
        if phrases.version() != ear.version {
            ear.version = phrases.version();
            let tuned = |phrase: &Phrase| Phrase {
                threshold: self.tuning.threshold(&phrase.name, phrase.threshold),
                ..phrase.clone()
            };
            let tuned: Vec<Phrase> = phrases.phrases().iter().map(tuned).collect();
            ear.listening.hearer().change_phrases(Some(PhraseSpotter::new(
                &tuned,
                phrases.alphabet(),
                self.decision.hop_s,
            )));
        }
    }

    /// Who said a word of a sound; `None` if it is a phrase that this voice may not say. A voice that is not known never may.
    pub fn admit<S: Score>(&self, ear: &mut Ear<S>, word: &Detection) -> Option<Likeness> {
        let voice = ear.listening.hearer().voice_of(word).zip(self.voices.as_ref());
        let likeness =
            voice.map(|(voice, voices)| voices.likeness(&voice, &word.keyword)).unwrap_or_default();
        let Some(phrases) = self.phrases() else { return Some(likeness) };
        let only = phrases.book().only(&word.keyword);
        let admitted = only.is_empty() || likeness.speaker.as_ref().is_some_and(|name| only.contains(name));
        admitted.then_some(likeness)
    }

    /// Of each label that is a keyword that is listened for, the word and its threshold.
    pub fn keywords(&self) -> Vec<Option<(String, f32)>> {
        let threshold = |label: &String| self.tuning.threshold(label, self.decision.threshold);
        let keyword = |label: &String| self.tuning.hears(label).then(|| (label.clone(), threshold(label)));
        self.labels.iter().map(keyword).collect()
    }

    /// All words and phrases that are listened for, by name, as the file of words is now.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.keywords().into_iter().flatten().map(|(word, _)| word).collect();
        if let Some(mut phrases) = self.phrases() {
            reread(&mut phrases);
            words.extend(phrases.phrases().iter().map(|phrase| phrase.name.clone()));
        }
        words
    }

    /// Whether somebody of that name is enrolled.
    pub fn knows(&self, name: &str) -> bool {
        self.voices.as_ref().is_some_and(|voices| voices.knows(name))
    }

    fn phrases(&self) -> Option<MutexGuard<'_, Phrases>> {
        Some(self.phrases.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn spotter(&self) -> Result<KeywordSpotter, DecisionError> {
        KeywordSpotter::tuned(&self.labels, &self.decision, &self.tuning)
    }
}

/// Takes over what a file of words says now; one that cannot be used changes nothing.
fn reread(phrases: &mut Phrases) {
    if let Err(failure) = phrases.follow() {
        eprintln!("wavlm: {failure}; what was heard before is heard on");
    }
}

/// One sound that is listened to.
pub struct Ear<S> {
    /// The loop from its pieces to the words in them.
    pub listening: Listening<S>,
    /// Which phrases it listens for.
    version: u64,
}
