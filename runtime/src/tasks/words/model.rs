//! A session of a model's keyword head.

use wavlm_format::{Decision, Head, HeadKind};

use super::{DecisionError, KeywordSpotter, UNTUNED};
use crate::error::Error;
use crate::model::Model;
use crate::session::{Session, SessionOptions};
use crate::tasks::{find_head, output_of};

/// One logit per label, or why there are none.
pub type Logits = Result<Vec<f32>, Error>;

/// Scores windows with the sequence classification head named `words`, or the model's first one.
#[derive(Debug)]
pub struct WordModel {
    session: Session,
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
            session: model.session(&options)?,
            head: head.name.clone(),
            labels: head.kind.labels().to_vec(),
            decision: head.decision,
        })
    }

    /// The decision stored with the head, or [`UNTUNED`].
    pub fn decision(&self) -> Decision {
        self.decision.unwrap_or(UNTUNED)
    }

    /// Samples of the shortest sound that the model can take.
    pub fn needed_samples(&self) -> usize {
        self.session.needed_samples()
    }

    /// One logit per label for 16 kHz samples.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn logits(&mut self, window: &[f32]) -> Logits {
        output_of(&self.session.run(window)?, &self.head, "logits")
    }

    /// A spotter for one sound; it borrows the session until it is finished.
    ///
    /// # Errors
    /// The decision makes no sense.
    pub fn spotter(
        &mut self,
        decision: &Decision,
    ) -> Result<KeywordSpotter<impl FnMut(&[f32]) -> Logits>, DecisionError> {
        let labels = self.labels.clone();
        KeywordSpotter::new(&labels, decision, |window| self.logits(window))
    }
}
