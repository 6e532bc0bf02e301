//! Sound from outside becomes what the models were trained on: one channel, 16 000 samples a second, full scale ±1.
//!
//! ```text
//! limits     which rates and channels are read
//! source     bytes of a file or a pipe, with a look ahead
//! container  what they hold, by their first bytes; what is not read is refused by its name
//! mpeg       frames of MPEG audio and AAC, which have no header
//! chunks     names and lengths that RIFF, AIFF, CAF and Wave64 are made of
//! wave       the description of sound in a WAV file
//! header     headers of containers whose sound lies in one piece
//! extent     how far that piece reaches, whatever its header says
//! layout     how samples lie in it
//! blocks     PCM, G.711 and ADPCM, decoded by Symphonia
//! packets    FLAC, MPEG audio, Vorbis, AAC and ALAC, demuxed and decoded by Symphonia
//! channels   many channels become one
//! resample   any rate -> 16 kHz, block by block (rubato)
//! reader     the above in a row, for files and for pipes
//! ```
//!
//! Whole files and live streams take the same path, so a recording gives the same samples either way.
//! Sound that cannot be trusted (cut short, not a number, not at full scale ±1) is an error, never a guess.

mod blocks;
mod channels;
mod chunks;
mod container;
mod error;
mod extent;
mod header;
mod layout;
mod limits;
mod mpeg;
mod packets;
mod reader;
mod resample;
mod source;
#[cfg(test)]
mod tests;
mod wave;

pub use channels::{Channel, ChannelError, Mixer};
pub use error::{AudioError, AudioWarning};
pub use layout::{RawFormat, RawFormatError, SampleFormat};
pub use reader::{AudioReader, MAX_CLIP_SECONDS, SoundOptions, read_clip};

/// Samples per second that every WavLM was trained on.
pub const SAMPLE_RATE: u32 = 16_000;
