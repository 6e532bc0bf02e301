//! A voiceprint as a file of a few hundred bytes, and as many for each phrase.
//!
//! In an [`Envelope`] `WLMVOICE` of version 2 lies the postcard of name, model, voice, and phrases. A voice is embedding,
//! recordings, speech seconds, signal-to-noise ratio and agreement; a phrase is its text and a voice. Version 1, which is read,
//! too, has no phrases.
//!
//! The embeddings have length 1, the name is not empty, no phrase is empty or there twice, and there was at least one recording
//! of each voice.

use serde::{Deserialize, Serialize};

use super::embedding::Embedding;
use super::voiceprint::{Quality, Voice, Voiceprint};
use crate::tasks::envelope::{Envelope, EnvelopeError};

/// Files longer than this are not voiceprints; the largest embeddings take a tenth of it.
pub const MAX_VOICEPRINT_BYTES: usize = 64 * 1024;

const VERSION: u16 = 2;
const ENVELOPE: Envelope = Envelope { magic: b"WLMVOICE", version: VERSION, most: MAX_VOICEPRINT_BYTES };
const FIRST: Envelope = Envelope { version: 1, ..ENVELOPE };

/// Why bytes are no voiceprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceprintError {
    /// Does not begin as one.
    #[error("not a voiceprint; remove it from the store")]
    Magic,
    /// Written by a later version.
    #[error("voiceprint version {found}, this program reads 1 to {VERSION}; enrol again")]
    Version {
        /// Version in the file.
        found: u16,
    },
    /// Shorter or longer than it says, or than [`MAX_VOICEPRINT_BYTES`].
    #[error("voiceprint of the wrong length; enrol again")]
    Length,
    /// Bytes changed since it was written.
    #[error("damaged voiceprint; enrol again")]
    Checksum,
    /// Values that no enrolment writes.
    #[error("voiceprint with impossible values; enrol again")]
    Content,
}

/// Version 1 ends behind the voice.
#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    model: u32,
    voice: VoiceBody,
}

#[derive(Serialize, Deserialize)]
struct VoiceBody {
    embedding: Vec<f32>,
    recordings: u32,
    speech_s: f32,
    snr_db: f32,
    agreement: f32,
}

type Phrases = Vec<(String, VoiceBody)>;

impl Voiceprint {
    /// The file's bytes.
    ///
    /// # Errors
    /// The voiceprint is longer than [`MAX_VOICEPRINT_BYTES`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, VoiceprintError> {
        let body = Body { name: self.name.clone(), model: self.model, voice: VoiceBody::of(&self.voice) };
        let phrases: Phrases =
            self.phrases.iter().map(|(phrase, voice)| (phrase.clone(), VoiceBody::of(voice))).collect();
        let bytes = postcard::to_allocvec(&(body, phrases)).map_err(|_| VoiceprintError::Content)?;
        ENVELOPE.seal(&bytes).ok_or(VoiceprintError::Length)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// They are not what [`Voiceprint::to_bytes`] writes, or wrote in version 1.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VoiceprintError> {
        let read = match ENVELOPE.open(bytes) {
            Ok(body) => decode(body),
            Err(EnvelopeError::Version(1)) => decode_first(FIRST.open(bytes)?),
            Err(error) => return Err(error.into()),
        };
        read.ok_or(VoiceprintError::Content)
    }
}

impl From<EnvelopeError> for VoiceprintError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Magic => VoiceprintError::Magic,
            EnvelopeError::Version(found) => VoiceprintError::Version { found },
            EnvelopeError::Length => VoiceprintError::Length,
            EnvelopeError::Checksum => VoiceprintError::Checksum,
        }
    }
}

fn decode(bytes: &[u8]) -> Option<Voiceprint> {
    let ((body, phrases), rest): ((Body, Phrases), _) = postcard::take_from_bytes(bytes).ok()?;
    let mut print = body.print().filter(|_| rest.is_empty())?;
    for (phrase, voice) in phrases {
        if phrase.is_empty() || print.add(&phrase, voice.voice()?) {
            return None;
        }
    }
    Some(print)
}

fn decode_first(bytes: &[u8]) -> Option<Voiceprint> {
    let (body, rest): (Body, _) = postcard::take_from_bytes(bytes).ok()?;
    body.print().filter(|_| rest.is_empty())
}

impl Body {
    /// Without phrases.
    fn print(self) -> Option<Voiceprint> {
        let Body { name, model, voice } = self;
        (!name.is_empty()).then_some(())?;
        Some(Voiceprint { name, model, voice: voice.voice()?, phrases: Vec::new() })
    }
}

impl VoiceBody {
    fn of(voice: &Voice) -> Self {
        VoiceBody {
            embedding: voice.embedding.as_slice().to_vec(),
            recordings: voice.recordings,
            speech_s: voice.quality.speech_s,
            snr_db: voice.quality.snr_db,
            agreement: voice.quality.agreement,
        }
    }

    fn voice(self) -> Option<Voice> {
        let VoiceBody { embedding, recordings, speech_s, snr_db, agreement } = self;
        let is_possible =
            recordings > 0 && [speech_s, snr_db, agreement].iter().all(|number| number.is_finite());
        is_possible.then_some(())?;
        let (embedding, quality) =
            (Embedding::from_unit(embedding)?, Quality { speech_s, snr_db, agreement });
        Some(Voice { embedding, recordings, quality })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn print() -> Voiceprint {
        let voice = |values: &[f32]| Voice {
            embedding: Embedding::new(values).expect("a direction"),
            recordings: 3,
            quality: Quality { speech_s: 8.5, snr_db: 31.0, agreement: 0.83 },
        };
        Voiceprint {
            name: "Ada".to_owned(),
            model: 0x1234_5678,
            voice: voice(&[1.0, 2.0, -2.0]),
            phrases: vec![
                ("open the door".to_owned(), voice(&[1.0, 1.0, -2.0])),
                ("hello".to_owned(), voice(&[3.0, 1.0, -2.0])),
            ],
        }
    }

    /// The body in an envelope of that version, with a checksum that fits.
    fn sealed(version: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32).to_le_bytes();
        let mut bytes = [ENVELOPE.magic.as_slice(), &[version, 0], &length, body].concat();
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// The bytes with a body changed by `change`.
    fn forged(change: impl Fn(&mut Body, &mut Phrases)) -> Vec<u8> {
        let bytes = print().to_bytes().expect("short enough");
        let (mut body, mut phrases) =
            postcard::from_bytes(&bytes[14..bytes.len() - 4]).expect("a body and phrases");
        change(&mut body, &mut phrases);
        sealed(2, &postcard::to_allocvec(&(body, phrases)).expect("a body"))
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = print().to_bytes().expect("short enough");
        assert_eq!(Voiceprint::from_bytes(&bytes), Ok(print()));
        assert_eq!(Voiceprint::from_bytes(&forged(|_, _| {})), Ok(print()));
    }

    #[test]
    fn a_file_of_version_1_is_read() {
        let expected = Voiceprint { phrases: Vec::new(), ..print() };
        let (Voiceprint { name, model, voice, .. }, quality) = (expected.clone(), expected.voice.quality);
        let body = postcard::to_allocvec(&(
            name,
            model,
            voice.embedding.as_slice(),
            voice.recordings,
            quality.speech_s,
            quality.snr_db,
            quality.agreement,
        ));
        let body = body.expect("a body");
        assert_eq!(Voiceprint::from_bytes(&sealed(1, &body)), Ok(expected));
        let longer = [body.as_slice(), &[0]].concat();
        assert_eq!(Voiceprint::from_bytes(&sealed(1, &longer)), Err(VoiceprintError::Content));
    }

    #[test]
    fn every_single_changed_byte_is_noticed() {
        let bytes = print().to_bytes().expect("short enough");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Voiceprint::from_bytes(&changed).is_err(), "byte {at}");
            assert!(Voiceprint::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        let bytes = print().to_bytes().expect("short enough");
        let refusal = |bytes: &[u8]| Voiceprint::from_bytes(bytes).expect_err("refused");
        assert_eq!(refusal(b"hello"), VoiceprintError::Magic);
        assert_eq!(refusal(&[&bytes, [0].as_slice()].concat()), VoiceprintError::Length);
        let mut later = bytes.clone();
        later[8] = 3;
        assert_eq!(refusal(&later), VoiceprintError::Version { found: 3 });
        let mut damaged = bytes;
        damaged[20] ^= 0x40;
        assert_eq!(refusal(&damaged), VoiceprintError::Checksum);
        let content = |change: fn(&mut Body, &mut Phrases)| refusal(&forged(change));
        assert_eq!(content(|body, _| body.name.clear()), VoiceprintError::Content);
        assert_eq!(content(|body, _| body.voice.recordings = 0), VoiceprintError::Content);
        assert_eq!(content(|body, _| body.voice.embedding.push(0.5)), VoiceprintError::Content);
        assert_eq!(content(|body, _| body.voice.embedding.clear()), VoiceprintError::Content);
        assert_eq!(content(|body, _| body.voice.agreement = f32::NAN), VoiceprintError::Content);
        assert_eq!(content(|_, phrases| phrases[0].0.clear()), VoiceprintError::Content);
        assert_eq!(content(|_, phrases| phrases[1].0 = phrases[0].0.clone()), VoiceprintError::Content);
        assert_eq!(content(|_, phrases| phrases[1].1.embedding.clear()), VoiceprintError::Content);
        assert_eq!(content(|body, _| body.voice.embedding = vec![0.0; 20_000]), VoiceprintError::Length);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Voiceprint::from_bytes(&bytes);
        }

        #[test]
        fn any_body_with_a_right_checksum_is_read_or_refused(
            version in 1..=2_u8,
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = Voiceprint::from_bytes(&sealed(version, &body));
        }
    }
}
