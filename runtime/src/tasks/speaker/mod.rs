//! Who is speaking: recordings become unit vectors, and two vectors of one voice point the same way.
//!
//! - [`Sound`]: whether a recording is fit for that at all, with reasons when it is not.
//! - [`Embedding`]: a voice as a direction; the score of two is their cosine.
//! - [`Voice`]: the mean direction of recordings of one person.
//! - [`Voiceprint`]: a person's voice, and the same voice saying certain phrases, bound to the model that made it.
//! - [`Comparison`]: a voice that was heard beside one that is known.
//! - [`SpeakerVerifier`]: a session of a model's x-vector head.

mod comparison;
mod embedding;
mod file;
mod sound;
mod speech;
mod verifier;
mod voiceprint;

pub use comparison::{Comparison, Thresholds, UNTUNED_THRESHOLD};
pub use embedding::Embedding;
pub use file::{MAX_VOICEPRINT_BYTES, VoiceprintError};
pub use sound::{ENROL_SPEECH_S, Flaw, PHRASE_SPEECH_S, Sound, VERIFY_SPEECH_S};
pub(crate) use speech::speech_in;
pub use verifier::SpeakerVerifier;
pub use voiceprint::{EnrolError, Quality, Voice, Voiceprint};
