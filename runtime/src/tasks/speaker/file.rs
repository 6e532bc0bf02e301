//! A voiceprint as a file of a few hundred bytes.
//!
//! In an [`Envelope`] `WLMVOICE` of version 1 lies the postcard of name, model, embedding, recordings, speech seconds,
//! signal-to-noise ratio and agreement.
//!
//! The embedding has length 1, the name is not empty, and there was at least one recording.

use serde::{Deserialize, Serialize};

use super::embedding::Embedding;
use super::voiceprint::{Quality, Voiceprint};
use crate::tasks::envelope::{Envelope, EnvelopeError};

/// Files longer than this are not voiceprints; the largest embeddings take a tenth of it.
pub const MAX_VOICEPRINT_BYTES: usize = 64 * 1024;

const VERSION: u16 = 1;
const ENVELOPE: Envelope = Envelope { magic: b"WLMVOICE", version: VERSION, most: MAX_VOICEPRINT_BYTES };

/// Why bytes are no voiceprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceprintError {
    /// Does not begin as one.
    #[error("not a voiceprint; remove it from the store")]
    Magic,
    /// Written by a later version.
    #[error("voiceprint version {found}, this program reads {VERSION}; enrol again")]
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

#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    model: u32,
    embedding: Vec<f32>,
    recordings: u32,
    speech_s: f32,
    snr_db: f32,
    agreement: f32,
}

impl Voiceprint {
    /// The file's bytes.
    ///
    /// # Errors
    /// The voiceprint is longer than [`MAX_VOICEPRINT_BYTES`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, VoiceprintError> {
        let body = postcard::to_allocvec(&Body {
            name: self.name.clone(),
            model: self.model,
            embedding: self.embedding.as_slice().to_vec(),
            recordings: self.recordings,
            speech_s: self.quality.speech_s,
            snr_db: self.quality.snr_db,
            agreement: self.quality.agreement,
        });
        let body = body.map_err(|_| VoiceprintError::Content)?;
        ENVELOPE.seal(&body).ok_or(VoiceprintError::Length)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// They are not exactly what [`Voiceprint::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VoiceprintError> {
        let body = ENVELOPE.open(bytes).map_err(|error| match error {
            EnvelopeError::Magic => VoiceprintError::Magic,
            EnvelopeError::Version(found) => VoiceprintError::Version { found },
            EnvelopeError::Length => VoiceprintError::Length,
            EnvelopeError::Checksum => VoiceprintError::Checksum,
        })?;
        decode(body).ok_or(VoiceprintError::Content)
    }
}

fn decode(body: &[u8]) -> Option<Voiceprint> {
    let (body, rest): (Body, _) = postcard::take_from_bytes(body).ok()?;
    let numbers = [body.speech_s, body.snr_db, body.agreement];
    let is_possible = rest.is_empty()
        && !body.name.is_empty()
        && body.recordings > 0
        && numbers.iter().all(|number| number.is_finite());
    is_possible.then_some(())?;
    Some(Voiceprint {
        name: body.name,
        model: body.model,
        embedding: Embedding::from_unit(body.embedding)?,
        recordings: body.recordings,
        quality: Quality { speech_s: body.speech_s, snr_db: body.snr_db, agreement: body.agreement },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn print() -> Voiceprint {
        Voiceprint {
            name: "Ada".to_owned(),
            model: 0x1234_5678,
            embedding: Embedding::new(&[1.0, 2.0, -2.0]).expect("a direction"),
            recordings: 3,
            quality: Quality { speech_s: 8.5, snr_db: 31.0, agreement: 0.83 },
        }
    }

    /// The bytes with a body changed by `change`, and a checksum that fits.
    fn forged(change: impl Fn(&mut Body)) -> Vec<u8> {
        let bytes = print().to_bytes().expect("short enough");
        let mut body: Body = postcard::from_bytes(&bytes[14..bytes.len() - 4]).expect("a body");
        change(&mut body);
        let body = postcard::to_allocvec(&body).expect("a body");
        let mut bytes = [&bytes[..10], &(body.len() as u32).to_le_bytes(), &body].concat();
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = print().to_bytes().expect("short enough");
        assert_eq!(Voiceprint::from_bytes(&bytes), Ok(print()));
        assert_eq!(Voiceprint::from_bytes(&forged(|_| {})), Ok(print()));
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
        later[8] = 2;
        assert_eq!(refusal(&later), VoiceprintError::Version { found: 2 });
        let mut damaged = bytes;
        damaged[20] ^= 0x40;
        assert_eq!(refusal(&damaged), VoiceprintError::Checksum);
        assert_eq!(refusal(&forged(|body| body.name.clear())), VoiceprintError::Content);
        assert_eq!(refusal(&forged(|body| body.recordings = 0)), VoiceprintError::Content);
        assert_eq!(refusal(&forged(|body| body.embedding.push(0.5))), VoiceprintError::Content);
        assert_eq!(refusal(&forged(|body| body.embedding.clear())), VoiceprintError::Content);
        assert_eq!(refusal(&forged(|body| body.agreement = f32::NAN)), VoiceprintError::Content);
        assert_eq!(refusal(&forged(|body| body.embedding = vec![0.0; 20_000])), VoiceprintError::Length);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Voiceprint::from_bytes(&bytes);
        }

        #[test]
        fn any_body_with_a_right_checksum_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = [ENVELOPE.magic.as_slice(), &[1, 0], &(body.len() as u32).to_le_bytes(), &body].concat();
            bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
            let _ = Voiceprint::from_bytes(&bytes);
        }
    }
}
