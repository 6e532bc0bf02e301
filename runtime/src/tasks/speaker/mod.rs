//! Who is speaking: recordings become unit vectors, and two vectors of one voice point the same way.
//!
//! - [`Sound`]: whether a recording is fit for that at all, with reasons when it is not.
//! - [`Embedding`]: a voice as a direction; the score of two is their cosine.
//! - [`Voiceprint`]: the mean direction of a person's recordings, bound to the model that made it.
//! - [`SpeakerVerifier`]: a session of a model's x-vector head.

mod embedding;
mod file;
mod sound;
mod speech;
mod verifier;
mod voiceprint;

pub use embedding::Embedding;
pub use file::{MAX_VOICEPRINT_BYTES, VoiceprintError};
pub use sound::{ENROL_SPEECH_S, Flaw, Sound, VERIFY_SPEECH_S};
pub use verifier::{SpeakerVerifier, UNTUNED_THRESHOLD};
pub use voiceprint::{EnrolError, Quality, Voiceprint};
