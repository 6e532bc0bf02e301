//! A session of a model's x-vector head.

use wavlm_format::{Decision, Head, HeadKind};

use super::comparison::Thresholds;
use super::embedding::Embedding;
use super::speech::Speech;
use crate::error::Error;
use crate::model::Model;
use crate::session::{Session, SessionOptions};
use crate::tasks::{find_head, fingerprint, output_of, without_offset};

/// Embeds recordings with the x-vector head named `speaker`, or the model's first one, and compares them.
#[derive(Debug)]
pub struct SpeakerVerifier {
    session: Session,
    head: String,
    model: u32,
    dimension: usize,
    decision: Option<Decision>,
}

impl SpeakerVerifier {
    /// The head that would be used.
    pub fn head(model: &Model) -> Option<&Head> {
        find_head(model.header(), "speaker", |kind| matches!(kind, HeadKind::XVector { .. }))
    }

    /// The same, for those that cannot do without.
    pub(crate) fn head_or_error(model: &Model) -> Result<&Head, Error> {
        Self::head(model).ok_or_else(|| Error::NoHead {
            name: "speaker".to_owned(),
            known: "none that embeds speakers".to_owned(),
        })
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let head = Self::head_or_error(model)?;
        let dimension = match head.kind {
            HeadKind::XVector { embedding, .. } => embedding as usize,
            _ => 0, // no such head is found
        };
        let options = SessionOptions { heads: Some(vec![head.name.clone()]), ..options.clone() };
        Ok(SpeakerVerifier {
            session: model.session(&options)?,
            head: head.name.clone(),
            model: fingerprint(model.header(), &head.name),
            dimension,
            decision: head.decision,
        })
    }

    /// [`Voiceprint::model`](super::Voiceprint::model) of the voiceprints that this verifier makes and accepts.
    pub fn model(&self) -> u32 {
        self.model
    }

    /// How many components an embedding has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Smallest accepted score, if the model was tuned; see [`UNTUNED_THRESHOLD`](super::UNTUNED_THRESHOLD).
    pub fn threshold(&self) -> Option<f32> {
        self.decision.map(|decision| decision.threshold)
    }

    /// The same, and that of a voice that says the very phrase that it was enrolled with.
    pub fn thresholds(&self) -> Thresholds {
        Thresholds::stored(self.decision.as_ref())
    }

    /// Smallest score that each recording must reach beside the mean of the others to be enrolled as one person, if the model
    /// was tuned for it. What is recorded for one purpose is hardly ever of two persons, so this is lower than
    /// [`SpeakerVerifier::threshold`].
    pub fn enrolment_threshold(&self) -> Option<f32> {
        self.decision.and_then(|decision| decision.lower_threshold)
    }

    /// The voice in 16 kHz samples; `None` if the model gives no direction.
    ///
    /// Only the speech is embedded, the same that [`Sound::measure`](super::Sound::measure) measures, and without an
    /// offset: how long a microphone was open before and after says nothing of the voice. Samples without speech are
    /// embedded whole.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn embed(&mut self, samples: &[f32]) -> Result<Option<Embedding>, Error> {
        let voice = voice_in(samples, self.session.needed_samples());
        let values = output_of(&self.session.run(&voice)?, &self.head, "embeddings")?;
        Ok(Embedding::new(&values))
    }
}

/// The stretches of speech one after the other, without an offset. All of the sound if they hold less than `needed`
/// samples.
fn voice_in(samples: &[f32], needed: usize) -> Vec<f32> {
    let filtered = without_offset(samples);
    let stretches = Speech::find(samples).stretches();
    let voice: Vec<f32> = stretches.into_iter().flat_map(|stretch| &filtered[stretch]).copied().collect();
    if voice.is_empty() || voice.len() < needed { filtered } else { voice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(samples: usize) -> Vec<f32> {
        (0..samples).map(|i| 0.5 * (i as f32 * 0.2).sin()).collect()
    }

    #[test]
    fn silence_around_the_voice_is_not_embedded() {
        let mut samples = vec![0.0; 48_000];
        samples.extend(tone(32_000));
        samples.extend(vec![0.0; 480_000]);
        let voice = voice_in(&samples, 400);
        assert!((32_000..=36_000).contains(&voice.len()), "{}", voice.len());
        samples.iter_mut().for_each(|sample| *sample += 0.25);
        let shifted = voice_in(&samples, 400);
        let apart = voice.iter().zip(&shifted).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(shifted.len() == voice.len() && apart < 1e-4, "{apart}");
    }

    #[test]
    fn sound_without_enough_speech_stays_whole() {
        assert_eq!(voice_in(&[0.0; 1000], 400).len(), 1000);
        assert_eq!(voice_in(&tone(1000), 40_000).len(), 1000);
        assert!(voice_in(&[], 400).is_empty());
    }
}
