//! A session of a model's keyword head.

use wavlm_format::{Decision, Head, HeadKind};

use super::labels::is_keyword;
use super::{DecisionError, Detection, KeywordSpotter, Scored, UNTUNED, Window};
use crate::error::Error;
use crate::model::Model;
use crate::session::SessionOptions;
use crate::tasks::phrases::Alphabet;
use crate::tasks::speaker::SpeakerVerifier;
use crate::tasks::{find_head, no_ctc_head, output_of};
use crate::windows::WindowSession;

/// Scores windows with the sequence classification head named `words`, or the model's first one.
#[derive(Debug)]
pub struct WordModel {
    session: WindowSession,
    head: String,
    labels: Vec<String>,
    decision: Option<Decision>,
    /// Names of the heads that embed voices and tell phones, if they are run, too.
    speaker: Option<String>,
    phones: Option<String>,
}

/// What a session tells of each window beside its words, in the same pass of the encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The voice in it: see [`Hearer::voice_of`](super::Hearer::voice_of).
    pub voices: bool,
    /// The phones in it, for [`Hearer::change_phrases`](super::Hearer::change_phrases).
    pub phones: bool,
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
        Self::with(model, options, Beside::default())
    }

    /// Plans a session that also tells something else of each window.
    ///
    /// # Errors
    /// The model lacks one of the heads, or cannot be planned.
    pub fn with(model: &Model, options: &SessionOptions, beside: Beside) -> Result<Self, Error> {
        let speaker = beside.voices.then(|| SpeakerVerifier::head_or_error(model));
        let speaker = speaker.transpose()?.map(|head| head.name.clone());
        let phones = beside.phones.then(|| Alphabet::head(model).ok_or_else(no_ctc_head));
        let phones = phones.transpose()?.map(|head| head.name.clone());
        let head = Self::head(model).ok_or_else(|| Error::NoHead {
            name: "words".to_owned(),
            known: "none that classifies sequences".to_owned(),
        })?;
        let heads = [head.name.clone()].into_iter().chain(speaker.clone()).chain(phones.clone());
        let options = SessionOptions { heads: Some(heads.collect()), ..options.clone() };
        Ok(WordModel {
            session: model.window_session(&options)?,
            head: head.name.clone(),
            labels: head.kind.labels().to_vec(),
            decision: head.decision,
            speaker,
            phones,
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

    /// What the model says of a window that is due in a spotter. A window that stands alone tells its words and no more.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
        let Some((start, frames)) = window.place else {
            return Ok(Scored { logits: self.logits(window.samples)?, voice: None, phones: None });
        };
        let outputs = self.session.run_at(window.samples, start, frames)?;
        let of = |head: &Option<String>, tensor| {
            head.as_ref().map(|head| output_of(&outputs, head, tensor)).transpose()
        };
        Ok(Scored {
            logits: output_of(&outputs, &self.head, "logits")?,
            voice: of(&self.speaker, "embeddings")?,
            phones: of(&self.phones, "logits")?,
        })
    }
}
