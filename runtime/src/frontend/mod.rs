//! Sound from outside becomes what the models were trained on: one channel, 16 000 samples a second, full scale ±1.
//!
//! ```text
//! riff      the chunks of a WAV header, checked before anything believes them
//! wav       frames decoded by hound, mixed to one channel
//! resample  any rate -> 16 kHz, block by block (rubato)
//! reader    the above in a row, for files and for pipes
//! ```
//!
//! Whole files and live streams take the same path, so a recording gives the same samples either way.
//! Sound that cannot be trusted (cut short, not a number, not at full scale ±1) is an error, never a guess.

mod error;
mod reader;
mod resample;
mod riff;
mod wav;

pub use error::AudioError;
pub use reader::{AudioReader, MAX_CLIP_SECONDS, read_clip};

/// Samples per second that every WavLM was trained on.
pub const SAMPLE_RATE: u32 = 16_000;
