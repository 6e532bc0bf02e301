//! What the `fmt ` chunk of a WAV file says. Fields that follow from others are not looked at.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};

use super::error::AudioError;
use super::layout::{Endian, Layout, SampleFormat, check_shape};

/// Sound in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    /// Blocks of equal length.
    Blocks(Layout),
    /// Frames of MPEG audio, one behind the other.
    Mpeg,
}

impl Sound {
    /// Bytes that only make sense together.
    pub(super) fn block_bytes(&self) -> u32 {
        match self {
            Sound::Blocks(layout) => layout.block_bytes,
            Sound::Mpeg => 1,
        }
    }
}

const PCM: u16 = 0x0001;
const FLOAT: u16 = 0x0003;
const ALAW: u16 = 0x0006;
const MULAW: u16 = 0x0007;
const MS_ADPCM: u16 = 0x0002;
const IMA_ADPCM: u16 = 0x0011;
const MPEG: u16 = 0x0050;
const MP3: u16 = 0x0055;
const EXTENSIBLE: u16 = 0xfffe;

/// Codecs that are known by name alone.
const UNREAD: [(u16, &str); 33] = [
    (0x0010, "OKI ADPCM"),
    (0x0014, "G.723 ADPCM"),
    (0x0017, "Dialogic OKI ADPCM"),
    (0x0020, "Yamaha ADPCM"),
    (0x0022, "TrueSpeech"),
    (0x0031, "GSM 6.10"),
    (0x0032, "GSM 6.10 (MSN)"),
    (0x0040, "G.721 ADPCM"),
    (0x0041, "G.728"),
    (0x0042, "G.723.1"),
    (0x0045, "G.726 ADPCM"),
    (0x0057, "AMR narrow band"),
    (0x0058, "AMR wide band"),
    (0x0064, "G.726 ADPCM"),
    (0x0065, "G.722 ADPCM"),
    (0x0069, "IMA ADPCM (Xbox)"),
    (0x0083, "G.729"),
    (0x0085, "G.726 ADPCM"),
    (0x00ff, "AAC"),
    (0x0111, "VIVO G.723"),
    (0x0125, "Sanyo ADPCM"),
    (0x0130, "ACELP"),
    (0x0160, "WMA version 1"),
    (0x0161, "WMA version 2"),
    (0x0162, "WMA Pro"),
    (0x0163, "WMA Lossless"),
    (0x0270, "ATRAC3"),
    (0x1600, "AAC in ADTS"),
    (0x2000, "AC-3"),
    (0x2001, "DTS"),
    (0x706d, "AAC"),
    (0xa109, "Speex"),
    (0xf1ac, "FLAC"),
];

/// Vorbis was given six tags, for headers in different places.
const VORBIS: [u16; 6] = [0x674f, 0x6750, 0x6751, 0x676f, 0x6770, 0x6771];

/// Reads the body of a `fmt ` chunk.
///
/// # Errors
/// It is too short, asks for what is not read, or contradicts itself.
pub(super) fn read_format(body: &[u8], endian: Endian) -> Result<Sound, AudioError> {
    let field = |at: usize| {
        let bytes = *body.get(at..)?.first_chunk::<2>()?;
        Some(if endian == Endian::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long_field = |at: usize| {
        let bytes = *body.get(at..)?.first_chunk::<4>()?;
        Some(if endian == Endian::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let short = || AudioError::Header { what: format!("its fmt chunk has {} bytes", body.len()) };
    let tag = field(0).ok_or_else(short)?;
    let channels = field(2).ok_or_else(short)?;
    let rate = long_field(4).ok_or_else(short)?;
    let byte_rate = long_field(8).unwrap_or_default();
    let block_bytes = field(12).unwrap_or_default();
    let bits = field(14).unwrap_or_default();
    // Extensible formats have the old tag in the first bytes of a GUID; a chunk too short for that means PCM.
    let tag = if tag == EXTENSIBLE { field(24).unwrap_or(PCM) } else { tag };
    check_shape(rate, u32::from(channels))?;
    let widths = Widths { rate, channels, byte_rate, block_bytes, bits };
    let layout = match tag {
        PCM => match (widths.sample_bytes(), endian) {
            (1, _) => Some(Layout::pcm(SampleFormat::U8, rate, channels)),
            (bytes, _) => {
                SampleFormat::integer(bytes, endian).map(|format| Layout::pcm(format, rate, channels))
            }
        },
        FLOAT => SampleFormat::float(widths.sample_bytes(), endian).map(|f| Layout::pcm(f, rate, channels)),
        ALAW => Some(Layout::pcm(SampleFormat::ALaw, rate, channels)),
        MULAW => Some(Layout::pcm(SampleFormat::MuLaw, rate, channels)),
        IMA_ADPCM => return widths.adpcm("IMA ADPCM", CODEC_ID_ADPCM_IMA_WAV, 4, 1),
        MS_ADPCM => return widths.adpcm("Microsoft ADPCM", CODEC_ID_ADPCM_MS, 7, 2),
        MPEG | MP3 => return Ok(Sound::Mpeg),
        other => return Err(AudioError::unread(format!("{} in WAV", name(other)))),
    };
    let kind = if tag == FLOAT { "floating-point" } else { "PCM" };
    layout.map(Sound::Blocks).ok_or_else(|| AudioError::unread(format!("{kind} of {bits} bits in WAV")))
}

fn name(tag: u16) -> String {
    let row = UNREAD.iter().find(|row| row.0 == tag);
    match row {
        Some(&(_, name)) => name.to_owned(),
        None if VORBIS.contains(&tag) => "Vorbis".to_owned(),
        None => format!("a codec of the unknown tag {tag:#06x}"),
    }
}

/// The fields that say how wide things are, some of them twice.
struct Widths {
    rate: u32,
    channels: u16,
    byte_rate: u32,
    block_bytes: u16,
    bits: u16,
}

impl Widths {
    /// Bytes of one sample.
    ///
    /// They follow from the bits. A wider container is believed where the byte rate has it too; samples lie at its top
    /// end, so that reading all of it is right.
    fn sample_bytes(&self) -> u16 {
        let needed = self.bits.div_ceil(8);
        let container = self.block_bytes / self.channels;
        let is_whole = self.block_bytes.is_multiple_of(self.channels);
        let agrees = self.byte_rate == self.rate.saturating_mul(u32::from(self.block_bytes));
        if needed == 0 || (is_whole && container > needed && agrees) { container } else { needed }
    }

    /// ADPCM of 4 bits whose blocks begin, for every channel, with a head that gives the first frames.
    fn adpcm(&self, name: &str, codec: AudioCodecId, head: u16, first: u32) -> Result<Sound, AudioError> {
        let (rate, channels, block_bytes) = (self.rate, self.channels, self.block_bytes);
        if channels > 2 {
            return Err(AudioError::unread(format!("{name} of {channels} channels in WAV")));
        }
        let Some(coded) = block_bytes.checked_sub(head * channels).filter(|&coded| coded > 0) else {
            return Err(AudioError::Header {
                what: format!("its {name} comes in blocks of {block_bytes} bytes"),
            });
        };
        // Stereo IMA interleaves the channels in groups of four bytes.
        let coded = if codec == CODEC_ID_ADPCM_IMA_WAV && channels == 2 { coded / 8 * 8 } else { coded };
        let block_frames = u32::from(coded) * 2 / u32::from(channels) + first;
        Ok(Sound::Blocks(Layout { codec, rate, channels, block_bytes: u32::from(block_bytes), block_frames }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(tag: u16, channels: u16, rate: u32, byte_rate: u32, block: u16, bits: u16) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(tag.to_le_bytes());
        body.extend(channels.to_le_bytes());
        body.extend(rate.to_le_bytes());
        body.extend(byte_rate.to_le_bytes());
        body.extend(block.to_le_bytes());
        body.extend(bits.to_le_bytes());
        body
    }

    fn pcm(format: SampleFormat, channels: u16) -> Sound {
        Sound::Blocks(Layout::pcm(format, 16_000, channels))
    }

    #[test]
    fn redundant_fields_do_not_matter() {
        for (byte_rate, block) in [(32_000, 2), (0, 2), (7, 2), (32_000, 0), (32_000, 4), (32_000, 7)] {
            let body = format(PCM, 1, 16_000, byte_rate, block, 16);
            let sound = read_format(&body, Endian::Little).expect("a format");
            assert_eq!(sound, pcm(SampleFormat::S16Le, 1), "{byte_rate} {block}");
        }
        let mut long = format(PCM, 2, 16_000, 64_000, 4, 16);
        long.extend([0; 4]);
        assert_eq!(read_format(&long, Endian::Little).expect("a format"), pcm(SampleFormat::S16Le, 2));
        let no_bits = format(PCM, 2, 16_000, 64_000, 4, 0);
        assert_eq!(read_format(&no_bits, Endian::Little).expect("a format"), pcm(SampleFormat::S16Le, 2));
    }

    #[test]
    fn samples_lie_at_the_top_of_wider_containers() {
        for (bits, container, expected) in [
            (24, 4, SampleFormat::S32Le),
            (16, 4, SampleFormat::S32Le),
            (20, 3, SampleFormat::S24Le),
            (12, 2, SampleFormat::S16Le),
            (8, 1, SampleFormat::U8),
        ] {
            let body = format(PCM, 2, 16_000, 16_000 * 2 * u32::from(container), 2 * container, bits);
            assert_eq!(read_format(&body, Endian::Little).expect("a format"), pcm(expected, 2), "{bits}");
        }
    }

    #[test]
    fn an_extensible_format_has_its_tag_in_a_guid() {
        let mut body = format(EXTENSIBLE, 1, 16_000, 128_000, 8, 64);
        body.extend([22, 0, 64, 0, 4, 0, 0, 0]);
        body.extend([3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
        assert_eq!(read_format(&body, Endian::Little).expect("a format"), pcm(SampleFormat::F64Le, 1));
    }

    #[test]
    fn what_is_not_read_is_named() {
        let refuse = |tag, channels, bits| {
            let body = format(tag, channels, 8000, 0, 0, bits);
            read_format(&body, Endian::Little).expect_err("not read").to_string()
        };
        assert!(refuse(0x31, 1, 0).starts_with("GSM 6.10 in WAV is not read; convert it: ffmpeg"));
        assert!(refuse(0x40, 1, 4).contains("G.721"));
        assert!(refuse(0x6751, 1, 0).contains("Vorbis"));
        assert!(refuse(0x1234, 1, 0).contains("0x1234"));
        assert!(refuse(PCM, 1, 64).contains("PCM of 64 bits"));
        assert!(refuse(FLOAT, 1, 16).contains("floating-point of 16 bits"));
        assert!(refuse(IMA_ADPCM, 1, 4).contains("blocks of 0 bytes"));
        assert!(refuse(IMA_ADPCM, 3, 4).contains("3 channels"));
        assert!(refuse(PCM, 0, 16).contains("0 channels"));
        assert!(read_format(&[1, 0], Endian::Little).expect_err("short").to_string().contains("2 bytes"));
    }
}
