//! One person's voice, as enrolled.

use super::embedding::Embedding;
use super::sound::Sound;

/// What is known of a person's voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Voiceprint {
    /// Whose voice it is.
    pub name: String,
    /// [`fingerprint`](crate::tasks::fingerprint) of the model that made it; another model's embeddings mean something else.
    pub model: u32,
    /// The voice, whatever it says.
    pub voice: Voice,
    /// The voice saying a phrase, and nothing else, for some phrases, each of which is there once. What is said again is
    /// compared with less doubt.
    pub phrases: Vec<(String, Voice)>,
}

/// The mean direction of recordings, with what it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// The direction.
    pub embedding: Embedding,
    /// Recordings that went into it; at least 1.
    pub recordings: u32,
    /// How good they were.
    pub quality: Quality,
}

/// How good the recordings of an enrolment were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Speech in all of them, in seconds.
    pub speech_s: f32,
    /// Smallest distance of speech from noise among them, in dB.
    pub snr_db: f32,
    /// Cosine of the one that is least like the mean of the others; 1 if there is only one.
    pub agreement: f32,
}

/// Recordings that make no voice.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// There are none.
    #[error("no recordings to enrol from")]
    NoRecordings,
    /// They do not sound like one person.
    #[error("do not sound like one person ({cosine:.2}, needed {threshold:.2}); record them again")]
    Disagree {
        /// Index of the one that is least like the others.
        odd: usize,
        /// Cosine between it and the mean of the others.
        cosine: f32,
        /// Smallest cosine that is accepted.
        threshold: f32,
    },
}

impl Voiceprint {
    /// The voice saying this phrase, if that is known.
    pub fn saying(&self, phrase: &str) -> Option<&Voice> {
        self.phrases.iter().find(|(known, _)| known == phrase).map(|(_, voice)| voice)
    }

    /// Adds the voice saying a phrase, in the place of what was known of that. Returns whether anything was.
    pub fn add(&mut self, phrase: &str, voice: Voice) -> bool {
        if let Some((_, known)) = self.phrases.iter_mut().find(|(known, _)| known == phrase) {
            *known = voice;
            return true;
        }
        self.phrases.push((phrase.to_owned(), voice));
        false
    }
}

impl Voice {
    /// Combines recordings of one person, which have passed [`Sound::check`]. Each of them must reach `threshold` beside the
    /// mean of the others: see
    /// [`SpeakerVerifier::enrolment_threshold`](super::SpeakerVerifier::enrolment_threshold).
    ///
    /// # Errors
    /// There are no recordings, or they disagree; the odd one is named.
    pub fn enrol(recordings: &[(Sound, Embedding)], threshold: f32) -> Result<Self, EnrolError> {
        let embeddings: Vec<Embedding> = recordings.iter().map(|(_, embedding)| embedding.clone()).collect();
        let beside = |odd: usize| (odd, beside_the_others(&embeddings, odd));
        let all = (0..embeddings.len()).map(beside).min_by(|a, b| a.1.total_cmp(&b.1));
        let (odd, agreement) = all.ok_or(EnrolError::NoRecordings)?;
        if agreement < threshold {
            return Err(EnrolError::Disagree { odd, cosine: agreement, threshold });
        }
        Ok(Voice {
            embedding: Embedding::mean(&embeddings).ok_or(EnrolError::NoRecordings)?,
            recordings: recordings.len() as u32,
            quality: Quality {
                speech_s: recordings.iter().map(|(sound, _)| sound.speech_s).sum(),
                snr_db: recordings.iter().map(|(sound, _)| sound.snr_db).fold(f32::INFINITY, f32::min),
                agreement,
            },
        })
    }
}

/// The cosine of one voice and the mean of the others: 1 where there are none, -1 where they cancel each other.
fn beside_the_others(embeddings: &[Embedding], odd: usize) -> f32 {
    let (before, rest) = embeddings.split_at(odd);
    match rest.split_first() {
        Some((voice, behind)) if embeddings.len() > 1 => {
            let others = Embedding::mean(&[before, behind].concat());
            others.map_or(-1.0, |others| voice.cosine(&others))
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(values: &[f32]) -> (Sound, Embedding) {
        let sound =
            Sound { seconds: 3.0, speech_s: 2.0, voice_s: 2.5, loud_db: -20.0, snr_db: 30.0, clipped: 0.0 };
        (sound, Embedding::new(values).expect("a direction"))
    }

    #[test]
    fn recordings_of_one_voice_are_averaged() {
        let recordings = [recording(&[1.0, 0.1]), recording(&[1.0, -0.1])];
        let voice = Voice::enrol(&recordings, 0.9).expect("they agree");
        assert_eq!(voice.embedding.as_slice(), [1.0, 0.0]);
        assert_eq!((voice.recordings, voice.quality.speech_s), (2, 4.0));
        assert!(voice.quality.agreement > 0.97 && voice.quality.agreement < 1.0);
    }

    #[test]
    fn the_odd_one_is_named() {
        let recordings = [recording(&[1.0, 0.0]), recording(&[1.0, 0.2]), recording(&[-0.1, 1.0])];
        match Voice::enrol(&recordings, 0.5) {
            Err(EnrolError::Disagree { odd: 2, cosine, threshold: 0.5 }) => assert!(cosine.abs() < 0.01),
            other => panic!("{other:?}"),
        }
        assert_eq!(Voice::enrol(&[], 0.5), Err(EnrolError::NoRecordings));
    }

    #[test]
    fn a_recording_may_differ_from_another_one_but_not_from_all() {
        let recordings = [recording(&[1.0, 0.6]), recording(&[1.0, 0.0]), recording(&[1.0, -0.6])];
        let [first, .., last] = recordings.each_ref().map(|(_, embedding)| embedding);
        assert!(first.cosine(last) < 0.5);
        assert!(Voice::enrol(&recordings, 0.6).is_ok());
        assert!(Voice::enrol(&[recording(&[1.0, 0.6]), recording(&[1.0, -0.6])], 0.6).is_err());
    }

    #[test]
    fn opposite_voices_are_nobody() {
        let recordings = [recording(&[1.0, 0.0]), recording(&[1.0, 0.0]), recording(&[-1.0, 0.0])];
        assert!(matches!(Voice::enrol(&recordings, 0.0), Err(EnrolError::Disagree { cosine: -1.0, .. })));
    }

    #[test]
    fn a_phrase_is_known_once() {
        let [one, other] = [[1.0, 0.0], [0.0, 1.0]]
            .map(|values| Voice::enrol(&[recording(&values)], 0.5).expect("one recording"));
        let (name, voice) = ("Ada".to_owned(), one.clone());
        let mut print = Voiceprint { name, model: 7, voice, phrases: Vec::new() };
        assert!(!print.add("open the door", one) && !print.add("hello", other.clone()));
        assert!(print.add("open the door", other.clone()));
        assert_eq!((print.phrases.len(), print.saying("open the door")), (2, Some(&other)));
        assert_eq!(print.saying("good night"), None);
    }
}
