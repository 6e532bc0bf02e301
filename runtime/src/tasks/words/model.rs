//! A session of a model's keyword head.

use std::collections::VecDeque;

use wavlm_format::{Decision, Head, HeadKind};

use super::{DecisionError, Detection, KeywordSpotter, UNTUNED, Window};
use crate::error::Error;
use crate::frontend::SAMPLE_RATE;
use crate::model::Model;
use crate::session::SessionOptions;
use crate::tasks::speaker::{Embedding, SpeakerVerifier};
use crate::tasks::{find_head, output_of};
use crate::windows::WindowSession;

/// Windows whose voices are kept: a word is told a few windows after the one that holds it best.
const VOICES_KEPT: usize = 32;

/// Scores windows with the sequence classification head named `words`, or the model's first one.
#[derive(Debug)]
pub struct WordModel {
    session: WindowSession,
    head: String,
    labels: Vec<String>,
    decision: Option<Decision>,
    voices: Option<Voices>,
}

/// The voices in the latest windows, which the same pass of the encoder gives.
#[derive(Debug)]
struct Voices {
    head: String,
    /// First sample, length, and embedding of each window, in the order of the sound.
    latest: VecDeque<(u64, usize, Vec<f32>)>,
}

impl WordModel {
    /// The head that would be used.
    pub fn head(model: &Model) -> Option<&Head> {
        find_head(model.header(), "words", |kind| matches!(kind, HeadKind::Sequence { .. }))
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        Self::plan(model, options, None)
    }

    /// Plans a session that also embeds the voice in each window, in the same pass of the encoder: see
    /// [`WordModel::voice_of`].
    ///
    /// # Errors
    /// The model lacks one of the heads, or cannot be planned.
    pub fn with_voices(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let head = SpeakerVerifier::head_or_error(model)?;
        Self::plan(model, options, Some(Voices { head: head.name.clone(), latest: VecDeque::new() }))
    }

    fn plan(model: &Model, options: &SessionOptions, voices: Option<Voices>) -> Result<Self, Error> {
        let head = Self::head(model).ok_or_else(|| Error::NoHead {
            name: "words".to_owned(),
            known: "none that classifies sequences".to_owned(),
        })?;
        let heads = [head.name.clone()].into_iter().chain(voices.iter().map(|voices| voices.head.clone()));
        let options = SessionOptions { heads: Some(heads.collect()), ..options.clone() };
        Ok(WordModel {
            session: model.window_session(&options)?,
            head: head.name.clone(),
            labels: head.kind.labels().to_vec(),
            decision: head.decision,
            voices,
        })
    }

    /// The decision stored with the head, or [`UNTUNED`].
    pub fn decision(&self) -> Decision {
        self.decision.unwrap_or(UNTUNED)
    }

    /// What the logits stand for, in their order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The labels that are words: those that do not start with `_`.
    pub fn keywords(&self) -> Vec<&str> {
        self.labels.iter().map(String::as_str).filter(|label| !label.starts_with('_')).collect()
    }

    /// Samples of the shortest sound that the model can take.
    pub fn needed_samples(&self) -> usize {
        self.session.needed_samples()
    }

    /// One logit per label for 16 kHz samples.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn logits(&mut self, window: &[f32]) -> Result<Vec<f32>, Error> {
        output_of(&self.session.run(window)?, &self.head, "logits")
    }

    /// A spotter for one sound. Any number of them can share this session; see [`WordModel::hear`].
    ///
    /// # Errors
    /// The decision makes no sense.
    pub fn spotter(&self, decision: &Decision) -> Result<KeywordSpotter, DecisionError> {
        KeywordSpotter::new(&self.labels, decision)
    }

    /// Scores all that is due in a spotter, and returns the keywords that this completes.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn hear(&mut self, spotter: &mut KeywordSpotter) -> Result<Vec<Detection>, Error> {
        spotter.run(|window| self.score(window))
    }

    /// One logit per label for a window that is due in a spotter.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn score(&mut self, window: Window<'_>) -> Result<Vec<f32>, Error> {
        let Some((start, frames)) = window.place else { return self.logits(window.samples) };
        let outputs = self.session.run_at(window.samples, start, frames)?;
        if let Some(voices) = &mut self.voices {
            if voices.latest.back().is_some_and(|&(last, ..)| last >= start) {
                voices.latest.clear(); // another sound
            }
            if voices.latest.len() == VOICES_KEPT {
                voices.latest.pop_front();
            }
            let values = output_of(&outputs, &voices.head, "embeddings")?;
            voices.latest.push_back((start, window.samples.len(), values));
        }
        output_of(&outputs, &self.head, "logits")
    }

    /// The voice in the window that has a word nearest to its middle. `None` if voices are not embedded, the word is too
    /// long ago, or the model gives no direction.
    pub fn voice_of(&self, word: &Detection) -> Option<Embedding> {
        let rate = f64::from(SAMPLE_RATE);
        let middle = (word.start_s + word.end_s) / 2.0 * rate;
        let distance = |&(start, length, _): &(u64, usize, Vec<f32>)| {
            (start as f64 + length as f64 / 2.0 - middle).abs()
        };
        let latest = &self.voices.as_ref()?.latest;
        let nearest = latest.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        let holds_it = distance(nearest) <= nearest.1 as f64 / 2.0;
        Embedding::new(&nearest.2).filter(|_| holds_it)
    }
}
