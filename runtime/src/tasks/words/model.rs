//! A session of a model's keyword head.

use wavlm_format::{Decision, Head, HeadKind};

use super::labels::is_keyword;
use super::{DecisionError, Detection, KeywordSpotter, Scored, UNTUNED, Window};
use crate::error::Error;
use crate::model::Model;
use crate::session::SessionOptions;
use crate::tasks::speaker::SpeakerVerifier;
use crate::tasks::{find_head, output_of};
use crate::windows::WindowSession;

/// Scores windows with the sequence classification head named `words`, or the model's first one.
#[derive(Debug)]
pub struct WordModel {
    session: WindowSession,
    head: String,
    labels: Vec<String>,
    decision: Option<Decision>,
    /// Name of the head that embeds voices, if it is run, too.
    speaker: Option<String>,
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
    /// [`Listening::voice_of`](super::Listening::voice_of).
    ///
    /// # Errors
    /// The model lacks one of the heads, or cannot be planned.
    pub fn with_voices(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let speaker = SpeakerVerifier::head_or_error(model)?.name.clone();
        Self::plan(model, options, Some(speaker))
    }

    fn plan(model: &Model, options: &SessionOptions, speaker: Option<String>) -> Result<Self, Error> {
        let head = Self::head(model).ok_or_else(|| Error::NoHead {
            name: "words".to_owned(),
            known: "none that classifies sequences".to_owned(),
        })?;
        let heads = [head.name.clone()].into_iter().chain(speaker.clone());
        let options = SessionOptions { heads: Some(heads.collect()), ..options.clone() };
        Ok(WordModel {
            session: model.window_session(&options)?,
            head: head.name.clone(),
            labels: head.kind.labels().to_vec(),
            decision: head.decision,
            speaker,
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
        self.labels.iter().map(String::as_str).filter(|label| is_keyword(label)).collect()
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
        spotter.run(|window| Ok(self.score(window)?.logits))
    }

    /// What the model says of a window that is due in a spotter. A window that stands alone tells no voice.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
        let Some((start, frames)) = window.place else {
            return Ok(Scored { logits: self.logits(window.samples)?, voice: None });
        };
        let outputs = self.session.run_at(window.samples, start, frames)?;
        let speaker = self.speaker.as_ref();
        let voice = speaker.map(|head| output_of(&outputs, head, "embeddings")).transpose()?;
        Ok(Scored { logits: output_of(&outputs, &self.head, "logits")?, voice })
    }
}
