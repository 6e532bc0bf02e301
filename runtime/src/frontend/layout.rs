//! How samples lie in a stream of bytes: what a header says, and what `--raw` says in its place.

use std::fmt;
use std::str::FromStr;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as codecs;

use super::SAMPLE_RATE;
use super::error::AudioError;
use super::limits::{MAX_CHANNELS, MAX_RATE, MIN_RATE};

/// How one sample is stored; `Le` has its lowest byte first, `Be` last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleFormat {
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    S8,
    /// Signed, 16 bits.
    S16Le,
    /// Signed, 16 bits.
    S16Be,
    /// Signed, 24 bits in 3 bytes.
    S24Le,
    /// Signed, 24 bits in 3 bytes.
    S24Be,
    /// Signed, 32 bits.
    S32Le,
    /// Signed, 32 bits.
    S32Be,
    /// Floating point, 32 bits, full scale ±1.
    F32Le,
    /// Floating point, 32 bits, full scale ±1.
    F32Be,
    /// Floating point, 64 bits, full scale ±1.
    F64Le,
    /// Floating point, 64 bits, full scale ±1.
    F64Be,
    /// G.711 A-law, 8 bits.
    ALaw,
    /// G.711 µ-law, 8 bits.
    MuLaw,
}

/// Name, bytes and Symphonia's name of each format.
const FORMATS: [(SampleFormat, &str, u16, AudioCodecId); 14] = [
    (SampleFormat::U8, "u8", 1, codecs::CODEC_ID_PCM_U8),
    (SampleFormat::S8, "s8", 1, codecs::CODEC_ID_PCM_S8),
    (SampleFormat::S16Le, "s16le", 2, codecs::CODEC_ID_PCM_S16LE),
    (SampleFormat::S16Be, "s16be", 2, codecs::CODEC_ID_PCM_S16BE),
    (SampleFormat::S24Le, "s24le", 3, codecs::CODEC_ID_PCM_S24LE),
    (SampleFormat::S24Be, "s24be", 3, codecs::CODEC_ID_PCM_S24BE),
    (SampleFormat::S32Le, "s32le", 4, codecs::CODEC_ID_PCM_S32LE),
    (SampleFormat::S32Be, "s32be", 4, codecs::CODEC_ID_PCM_S32BE),
    (SampleFormat::F32Le, "f32le", 4, codecs::CODEC_ID_PCM_F32LE),
    (SampleFormat::F32Be, "f32be", 4, codecs::CODEC_ID_PCM_F32BE),
    (SampleFormat::F64Le, "f64le", 8, codecs::CODEC_ID_PCM_F64LE),
    (SampleFormat::F64Be, "f64be", 8, codecs::CODEC_ID_PCM_F64BE),
    (SampleFormat::ALaw, "alaw", 1, codecs::CODEC_ID_PCM_ALAW),
    (SampleFormat::MuLaw, "mulaw", 1, codecs::CODEC_ID_PCM_MULAW),
];

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl SampleFormat {
    /// Signed integers of `bytes` bytes.
    pub(super) fn integer(bytes: u16, endian: Endian) -> Option<Self> {
        Some(match (bytes, endian) {
            (1, _) => SampleFormat::S8,
            (2, Endian::Little) => SampleFormat::S16Le,
            (2, Endian::Big) => SampleFormat::S16Be,
            (3, Endian::Little) => SampleFormat::S24Le,
            (3, Endian::Big) => SampleFormat::S24Be,
            (4, Endian::Little) => SampleFormat::S32Le,
            (4, Endian::Big) => SampleFormat::S32Be,
            _ => return None,
        })
    }

    /// Floating-point numbers of `bytes` bytes.
    pub(super) fn float(bytes: u16, endian: Endian) -> Option<Self> {
        Some(match (bytes, endian) {
            (4, Endian::Little) => SampleFormat::F32Le,
            (4, Endian::Big) => SampleFormat::F32Be,
            (8, Endian::Little) => SampleFormat::F64Le,
            (8, Endian::Big) => SampleFormat::F64Be,
            _ => return None,
        })
    }

    fn row(self) -> (&'static str, u16, AudioCodecId) {
        let row = FORMATS.iter().find(|row| row.0 == self);
        row.map_or(("", 1, codecs::CODEC_ID_PCM_U8), |&(_, name, bytes, codec)| (name, bytes, codec))
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}

/// Blocks of equal length that decode to equally many frames: a frame of PCM, or a packet of ADPCM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) codec: AudioCodecId,
    /// Frames per second.
    pub(super) rate: u32,
    pub(super) channels: u16,
    /// Bytes of a block, at least 1.
    pub(super) block_bytes: u32,
    /// Frames of a block, at least 1.
    pub(super) block_frames: u32,
}

impl Layout {
    /// Samples that stand for themselves, a block being one of every channel.
    pub(super) fn pcm(format: SampleFormat, rate: u32, channels: u16) -> Self {
        let (_, bytes, codec) = format.row();
        Layout {
            codec,
            rate,
            channels,
            block_bytes: (u32::from(bytes) * u32::from(channels)).max(1),
            block_frames: 1,
        }
    }
}

/// Refuses rates and channel counts that no recording has.
pub(super) fn check_shape(rate: u32, channels: u32) -> Result<(), AudioError> {
    if !(MIN_RATE..=MAX_RATE).contains(&rate) {
        return Err(AudioError::Rate { rate });
    }
    if !(1..=u32::from(MAX_CHANNELS)).contains(&channels) {
        return Err(AudioError::Channels { channels });
    }
    Ok(())
}

/// Sound without a header: what `rate=48000,format=s32le,channels=2` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawFormat {
    /// Frames per second, 1000 to 384 000.
    pub rate: u32,
    /// How a sample is stored.
    pub format: SampleFormat,
    /// Channels of a frame, 1 to 64.
    pub channels: u16,
}

impl Default for RawFormat {
    /// 16-bit signed little-endian samples at 16 kHz, one channel.
    fn default() -> Self {
        RawFormat { rate: SAMPLE_RATE, format: SampleFormat::S16Le, channels: 1 }
    }
}

/// A description of raw sound that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RawFormatError {
    /// Not one of the three keys.
    #[error("{0:?} is unknown; use rate=HZ, format=NAME and channels=N, with commas between them")]
    Key(String),
    /// Not a number in range.
    #[error("rate={0:?} is not a rate; use a number from {MIN_RATE} to {MAX_RATE}")]
    Rate(String),
    /// Not a number in range.
    #[error("channels={0:?} is not a count; use a number from 1 to {MAX_CHANNELS}")]
    Channels(String),
    /// Not the name of a format.
    #[error("format={0:?} is unknown; use one of {names}", names = names())]
    Format(String),
}

fn names() -> String {
    FORMATS.map(|row| row.1).join(", ")
}

impl FromStr for RawFormat {
    type Err = RawFormatError;

    /// Any of `rate=HZ`, `format=NAME` and `channels=N`, with commas between them; what is not said is as by default.
    fn from_str(text: &str) -> Result<Self, RawFormatError> {
        let mut raw = RawFormat::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("rate", value)) => {
                    let rate = value.parse().ok().filter(|rate| (MIN_RATE..=MAX_RATE).contains(rate));
                    raw.rate = rate.ok_or_else(|| RawFormatError::Rate(value.to_owned()))?;
                }
                Some(("channels", value)) => {
                    let channels = value.parse().ok().filter(|count| (1..=MAX_CHANNELS).contains(count));
                    raw.channels = channels.ok_or_else(|| RawFormatError::Channels(value.to_owned()))?;
                }
                Some(("format", value)) => {
                    let row = FORMATS.iter().find(|row| row.1 == value);
                    raw.format = row.ok_or_else(|| RawFormatError::Format(value.to_owned()))?.0;
                }
                _ => return Err(RawFormatError::Key(part.to_owned())),
            }
        }
        Ok(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_raw_format_may_be_left_out() {
        let parse = |text: &str| text.parse::<RawFormat>().expect(text);
        assert_eq!(parse(""), RawFormat::default());
        assert_eq!(parse("rate=48000"), RawFormat { rate: 48_000, ..RawFormat::default() });
        let all = RawFormat { rate: 8000, format: SampleFormat::MuLaw, channels: 2 };
        assert_eq!(parse("format=mulaw, channels=2,rate=8000"), all);
        for (format, name, ..) in FORMATS {
            assert_eq!(parse(&format!("format={format}")).format, format);
            assert_eq!(format.to_string(), name);
        }
    }

    #[test]
    fn what_a_raw_format_gets_wrong_is_named() {
        let refuse = |text: &str| text.parse::<RawFormat>().expect_err(text).to_string();
        assert!(refuse("48000").contains("\"48000\" is unknown; use rate=HZ"));
        assert!(refuse("hz=3").contains("hz=3"));
        assert!(refuse("rate=48k").contains("from 1000 to 384000"));
        assert!(refuse("rate=999").contains("999"));
        assert!(refuse("channels=0").contains("from 1 to 64"));
        assert!(refuse("channels=65").contains("65"));
        assert!(refuse("format=s16").contains("s16le"));
    }
}
