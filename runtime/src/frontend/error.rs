//! What can be wrong with sound, each in one line that ends in what to do.

use super::limits::{MAX_CHANNELS, MAX_RATE, MIN_RATE};

/// How anything that ffmpeg knows becomes a file that is read here.
const CONVERT: &str = "convert it: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav";

/// Failures of reading sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Something known that is not sound, such as text or an archive.
    #[error("this is {what}, not sound; give a sound file, or --raw for samples without a header")]
    NotSound {
        /// What it is, with its article.
        what: &'static str,
    },
    /// Nothing that is known.
    #[error("no sound file of a known kind; give --raw if it holds samples without a header, or {CONVERT}")]
    Unknown,
    /// A container or codec that is known by name, and not read.
    #[error("{what} is not read; {CONVERT}")]
    Unread {
        /// The codec, the container, or both.
        what: String,
    },
    /// The header contradicts itself or lacks a part.
    #[error("broken header: {what}; record it again, or {CONVERT}")]
    Header {
        /// The contradiction.
        what: String,
    },
    /// The compressed sound cannot be decoded.
    #[error("damaged: {what}; copy or record it again")]
    Damaged {
        /// The decoder's words.
        what: String,
    },
    /// A sampling rate that no recording of speech has.
    #[error("the header says {rate} Hz; supported are {MIN_RATE} to {MAX_RATE} Hz")]
    Rate {
        /// Samples per second in the header.
        rate: u32,
    },
    /// More channels than any recording of speech has, or none.
    #[error("the header says {channels} channels; supported are 1 to {MAX_CHANNELS}")]
    Channels {
        /// Channels in the header.
        channels: u32,
    },
    /// A channel was chosen that is not there.
    #[error("there is no channel {channel}, only 1 to {channels}; choose one of them, or --channel mix")]
    NoChannel {
        /// The chosen one, counted from 1.
        channel: u16,
        /// How many there are.
        channels: u16,
    },
    /// Rate or channels change within the sound.
    #[error("the sampling rate or the number of channels changes midway; {CONVERT}")]
    Changes,
    /// The file ends before the length that its header promises.
    #[error("cut short: {missing} of {promised} bytes of sound are missing; copy or record it again")]
    Truncated {
        /// Bytes of sound that the header promises.
        promised: u64,
        /// Bytes that are not there.
        missing: u64,
    },
    /// A compressed file ends before the length that its header promises.
    #[error("cut short: {missing_s:.1} of {promised_s:.1} s are missing; copy or record it again")]
    CutShort {
        /// Seconds that the header promises.
        promised_s: f64,
        /// Seconds that are not there.
        missing_s: f64,
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
    /// A pipe carries a container that is read back and forth, and is too long to be held in memory for that.
    #[error("longer than {limit_mib} MiB, which is too much to come through a pipe; give the file itself")]
    TooLongToHold {
        /// The limit, in MiB.
        limit_mib: u64,
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

impl AudioError {
    pub(super) fn header_cut_short() -> Self {
        AudioError::Header { what: "the file ends inside it".to_owned() }
    }

    pub(super) fn unread(what: impl Into<String>) -> Self {
        AudioError::Unread { what: what.into() }
    }
}

/// Something that whoever gave the sound should know, although it is read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioWarning {
    /// The header says that there is no sound, and there is.
    #[error(
        "its header says that it holds no sound; read to its end, since a recorder that is stopped leaves that"
    )]
    LengthZero,
    /// Bytes behind the sound that belong to nothing.
    #[error("its header promises less than there is; the last {bytes} bytes are left out")]
    LeftOut {
        /// How many.
        bytes: u64,
    },
    /// The file has no proper end.
    #[error("its end is missing")]
    NoEnd,
    /// Packets of compressed sound that could not be decoded.
    #[error("{packets} damaged packets are left out")]
    DamagedPackets {
        /// How many.
        packets: u64,
    },
    /// The channels cancel each other.
    #[error(
        "its channels cancel each other: their mix is {weaker_db:.0} dB weaker than channel {channel}; \
         use --channel {channel}"
    )]
    WeakMix {
        /// The loudest channel, counted from 1.
        channel: u16,
        /// How much weaker the mix is, in dB.
        weaker_db: f32,
    },
}
