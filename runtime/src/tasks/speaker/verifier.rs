//! A session of a model's x-vector head.

use wavlm_format::{Head, HeadKind};

use super::embedding::Embedding;
use super::voiceprint::{Voiceprint, fingerprint};
use crate::error::Error;
use crate::model::Model;
use crate::session::{Session, SessionOptions};
use crate::tasks::{find_head, output_of};

/// Used for heads that carry no decision: what transformers' documentation of `WavLMForXVector` uses in its example, and
/// calls dependent on the data.
pub const UNTUNED_THRESHOLD: f32 = 0.7;

/// Embeds recordings with the x-vector head named `speaker`, or the model's first one, and compares them.
#[derive(Debug)]
pub struct SpeakerVerifier {
    session: Session,
    head: String,
    model: u32,
    threshold: Option<f32>,
}

impl SpeakerVerifier {
    /// The head that would be used.
    pub fn head(model: &Model) -> Option<&Head> {
        find_head(model.header(), "speaker", |kind| matches!(kind, HeadKind::XVector { .. }))
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let head = Self::head(model).ok_or_else(|| Error::NoHead {
            name: "speaker".to_owned(),
            known: "none that embeds speakers".to_owned(),
        })?;
        let options = SessionOptions { heads: Some(vec![head.name.clone()]), ..options.clone() };
        Ok(SpeakerVerifier {
            session: model.session(&options)?,
            head: head.name.clone(),
            model: fingerprint(model.header(), &head.name),
            threshold: head.decision.map(|decision| decision.threshold),
        })
    }

    /// [`Voiceprint::model`] of the voiceprints that this verifier makes and accepts.
    pub fn model(&self) -> u32 {
        self.model
    }

    /// Smallest accepted score, if the model was tuned; see [`UNTUNED_THRESHOLD`].
    pub fn threshold(&self) -> Option<f32> {
        self.threshold
    }

    /// The voice in 16 kHz samples; `None` if the model gives no direction.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn embed(&mut self, samples: &[f32]) -> Result<Option<Embedding>, Error> {
        let values = output_of(&self.session.run(samples)?, &self.head, "embeddings")?;
        Ok(Embedding::new(&values))
    }

    /// Cosine of a voice and a voiceprint; `None` if another model made the voiceprint.
    pub fn score(&self, voice: &Embedding, print: &Voiceprint) -> Option<f32> {
        let is_own = print.model == self.model && print.embedding.as_slice().len() == voice.as_slice().len();
        is_own.then(|| voice.cosine(&print.embedding))
    }
}
