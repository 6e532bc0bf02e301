//! A session of a model's keyword head.

use wavlm_format::{Decision, Head, HeadKind};

use super::{DecisionError, Detection, KeywordSpotter, UNTUNED, Window};
use crate::error::Error;
use crate::model::Model;
use crate::session::SessionOptions;
use crate::tasks::{find_head, output_of};
use crate::windows::WindowSession;

/// Scores windows with the sequence classification head named `words`, or the model's first one.
#[derive(Debug)]
pub struct WordModel {
    session: WindowSession,
    head: String,
    labels: Vec<String>,
    decision: Option<Decision>,
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
        let head = Self::head(model).ok_or_else(|| Error::NoHead {
            name: "words".to_owned(),
            known: "none that classifies sequences".to_owned(),
        })?;
        let options = SessionOptions { heads: Some(vec![head.name.clone()]), ..options.clone() };
        Ok(WordModel {
            session: model.window_session(&options)?,
            head: head.name.clone(),
            labels: head.kind.labels().to_vec(),
            decision: head.decision,
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
        let outputs = match window.place {
            Some((start, frames)) => self.session.run_at(window.samples, start, frames)?,
            None => self.session.run(window.samples)?,
        };
        output_of(&outputs, &self.head, "logits")
    }
}
