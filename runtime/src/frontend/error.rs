//! What can be wrong with sound, each in one line that ends in what to do.

/// Failures of reading sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The first bytes are not those of a RIFF/WAVE file.
    #[error("not a WAV file but {looks_like}; convert it to WAV first")]
    NotWav {
        /// What the first bytes suggest, with its article.
        looks_like: &'static str,
    },
    /// The header contradicts itself or lacks a part.
    #[error("broken WAV header: {what}; record or convert it again")]
    Header {
        /// The contradiction.
        what: String,
    },
    /// A kind of WAV that is not read, such as ADPCM or 64-bit floats.
    #[error("this kind of WAV is not supported; convert it to 16-bit PCM")]
    Unsupported,
    /// A sampling rate that no recording of speech has.
    #[error(
        "the header says {rate} Hz; supported are {} to {} Hz",
        super::wav::MIN_RATE,
        super::wav::MAX_RATE
    )]
    Rate {
        /// Samples per second in the header.
        rate: u32,
    },
    /// More channels than any recording of speech has.
    #[error("the header says {channels} channels; supported are 1 to {}", super::wav::MAX_CHANNELS)]
    Channels {
        /// Channels in the header.
        channels: u16,
    },
    /// The file ends before the length that its header promises.
    #[error("cut short: {missing} of {promised} bytes of sound are missing; copy or record it again")]
    Truncated {
        /// Bytes of sound that the header promises.
        promised: u64,
        /// Bytes that are not there.
        missing: u64,
    },
    /// There is no sound at all.
    #[error("holds no samples; record it again")]
    Empty,
    /// A sample is NaN or infinite.
    #[error("sample {at} is not a finite number; convert it again")]
    NonFinite {
        /// Index in the file, channels counted one by one.
        at: u64,
    },
    /// Float samples that were never scaled to ±1.
    #[error("sample {at} is {value}, full scale is 1; convert it to 16-bit PCM")]
    Scale {
        /// Index in the file, channels counted one by one.
        at: u64,
        /// Its value.
        value: f32,
    },
    /// A recording that is to be held in memory as a whole is too long for that.
    #[error("longer than {limit_s} s; cut it into pieces")]
    TooLong {
        /// The limit, in seconds.
        limit_s: u32,
    },
    /// The resampler refused.
    #[error("cannot be resampled from {rate} Hz: {why}")]
    Resample {
        /// Samples per second of the recording.
        rate: u32,
        /// The resampler's words.
        why: String,
    },
}
