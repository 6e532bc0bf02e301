//! The headers of containers whose sound lies in one piece, read up to its first byte.

use symphonia::core::codecs::audio::well_known::CODEC_ID_ADPCM_IMA_QT;

use super::chunks::{Head, Style};
use super::container::Container;
use super::error::AudioError;
use super::extent::Extent;
use super::layout::{Endian, Layout, SampleFormat, check_shape};
use super::source::Source;
use super::wave::{self, Sound};

/// Descriptions of sound have some 50 bytes; a longer one is not a header that anything writes.
const MAX_DESCRIPTION: u64 = 1024;

/// What a header says; the source stands at the first byte of sound.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) sound: Sound,
    pub(super) extent: Extent,
}

/// Reads a header whose first bytes told the container.
///
/// # Errors
/// It is cut short, contradicts itself, or asks for what is not read.
pub(super) fn read(source: &mut Source, container: Container) -> Result<Header, AudioError> {
    match container {
        Container::Au => au(source),
        Container::Aiff => {
            let [.., is_c] = source.take_array::<12>()?;
            walk(source, Style::Iff, *b"COMM", *b"SSND", |body| aiff(body, is_c == b'C'))
        }
        Container::Caf => {
            source.skip(8)?;
            walk(source, Style::Caf, *b"desc", *b"data", caf)
        }
        Container::Wave64 => {
            source.skip(40)?;
            walk(source, Style::Wave64, *b"fmt ", *b"data", |body| wave::read_format(body, Endian::Little))
        }
        Container::Rifx => {
            source.skip(12)?;
            walk(source, Style::Iff, *b"fmt ", *b"data", |body| wave::read_format(body, Endian::Big))
        }
        _ => {
            source.skip(12)?;
            walk(source, Style::Riff, *b"fmt ", *b"data", |body| wave::read_format(body, Endian::Little))
        }
    }
}

/// Walks from chunk to chunk up to the sound. All others but its description do not matter.
fn walk(
    source: &mut Source,
    style: Style,
    description: [u8; 4],
    sound: [u8; 4],
    describe: impl Fn(&[u8]) -> Result<Sound, AudioError>,
) -> Result<Header, AudioError> {
    let (mut found, mut long_length) = (None, u64::MAX);
    loop {
        let head = style.next(source)?;
        match &head.name {
            name if *name == description => {
                let body = take_description(source, head)?;
                found = Some(describe(&body)?);
                style.skip_padding(source, head.length)?;
            }
            name if *name == sound => {
                let Some(found) = found else {
                    let what =
                        format!("no {} chunk before the sound", String::from_utf8_lossy(&description).trim());
                    return Err(AudioError::Header { what });
                };
                let length = sound_length(source, style, head, long_length)?;
                let extent = Extent::new(source, style, found.block_bytes(), length)?;
                return Ok(Header { sound: found, extent });
            }
            // RF64 and BW64: the length of the sound, where 32 bits are too few for it.
            b"ds64" if (16..=MAX_DESCRIPTION).contains(&head.length) => {
                let body = take_description(source, head)?;
                let length =
                    body.get(8..).and_then(|rest| rest.first_chunk()).map(|bytes| u64::from_le_bytes(*bytes));
                long_length = length.filter(|&length| length > 0).unwrap_or(u64::MAX);
                style.skip_padding(source, head.length)?;
            }
            _ => style.skip(source, head)?,
        }
    }
}

fn take_description(source: &mut Source, head: Head) -> Result<Vec<u8>, AudioError> {
    let name = String::from_utf8_lossy(&head.name);
    match u16::try_from(head.length) {
        Ok(length) if head.length <= MAX_DESCRIPTION => source.take_bytes(length),
        _ => Err(AudioError::Header {
            what: format!("its {} chunk claims {} bytes", name.trim(), head.length),
        }),
    }
}

/// Bytes of sound behind the head of its chunk, which some containers follow with fields of their own.
fn sound_length(source: &mut Source, style: Style, head: Head, long_length: u64) -> Result<u64, AudioError> {
    Ok(match &head.name {
        b"SSND" => {
            let [a, b, c, d, ..] = source.take_array::<8>()?;
            let offset = u64::from(u32::from_be_bytes([a, b, c, d]));
            source.skip(offset)?;
            head.length.saturating_sub(8 + offset)
        }
        _ if style == Style::Caf => {
            source.skip(4)?; // how often it was edited
            head.length.saturating_sub(4)
        }
        _ if head.length == u64::from(u32::MAX) => long_length,
        _ => head.length,
    })
}

/// A `COMM` chunk.
fn aiff(body: &[u8], is_c: bool) -> Result<Sound, AudioError> {
    let short = || AudioError::Header { what: format!("its COMM chunk has {} bytes", body.len()) };
    let field = |at: usize| Some(u16::from_be_bytes(*body.get(at..)?.first_chunk()?));
    let channels = field(0).ok_or_else(short)?;
    let bits = field(6).ok_or_else(short)?;
    let rate = body.get(8..).and_then(|rest| rest.first_chunk()).map(extended).ok_or_else(short)?;
    check_shape(rate, u32::from(channels))?;
    let kind =
        if is_c { *body.get(18..).and_then(|rest| rest.first_chunk()).ok_or_else(short)? } else { *b"NONE" };
    let bytes = bits.div_ceil(8);
    let format = match kind.map(|letter| letter.to_ascii_lowercase()).as_slice() {
        b"none" | b"twos" => SampleFormat::integer(bytes, Endian::Big),
        b"sowt" => SampleFormat::integer(bytes, Endian::Little),
        b"in24" => Some(SampleFormat::S24Be),
        b"in32" => Some(SampleFormat::S32Be),
        b"42ni" => Some(SampleFormat::S24Le),
        b"23ni" => Some(SampleFormat::S32Le),
        b"fl32" => Some(SampleFormat::F32Be),
        b"fl64" => Some(SampleFormat::F64Be),
        b"alaw" => Some(SampleFormat::ALaw),
        b"ulaw" => Some(SampleFormat::MuLaw),
        b"raw " => Some(SampleFormat::U8),
        b"ima4" => return ima4(rate, channels, "AIFF-C"),
        b"mac3" | b"mac6" => return Err(AudioError::unread("MACE in AIFF-C")),
        b"gsm " | b"agsm" => return Err(AudioError::unread("GSM 6.10 in AIFF-C")),
        _ => {
            let name = String::from_utf8_lossy(&kind);
            return Err(AudioError::unread(format!("{name:?} in AIFF-C")));
        }
    };
    let unread = || AudioError::unread(format!("PCM of {bits} bits in AIFF"));
    format.map(|format| Sound::Blocks(Layout::pcm(format, rate, channels))).ok_or_else(unread)
}

/// A rate as AIFF has it: 80 bits, of which the last 64 are the mantissa. Nonsense becomes 0.
fn extended(bytes: &[u8; 10]) -> u32 {
    let [a, b, mantissa @ ..] = *bytes;
    let exponent = i32::from(u16::from_be_bytes([a, b])) - 16_383;
    let shift = u32::try_from(63 - exponent).ok().filter(|&shift| shift < 64);
    shift.and_then(|shift| u32::try_from(u64::from_be_bytes(mantissa) >> shift).ok()).unwrap_or_default()
}

/// Apple's IMA ADPCM: 64 frames of each channel in 34 bytes.
fn ima4(rate: u32, channels: u16, container: &str) -> Result<Sound, AudioError> {
    if channels > 2 {
        return Err(AudioError::unread(format!("IMA ADPCM of {channels} channels in {container}")));
    }
    let block_bytes = 34 * u32::from(channels);
    Ok(Sound::Blocks(Layout { codec: CODEC_ID_ADPCM_IMA_QT, rate, channels, block_bytes, block_frames: 64 }))
}

/// A `desc` chunk.
fn caf(body: &[u8]) -> Result<Sound, AudioError> {
    let short = || AudioError::Header { what: format!("its desc chunk has {} bytes", body.len()) };
    let field = |at: usize| Some(u32::from_be_bytes(*body.get(at..)?.first_chunk()?));
    let rate = body.first_chunk().map(|bytes| f64::from_be_bytes(*bytes) as u32).ok_or_else(short)?;
    let flags = field(12).ok_or_else(short)?;
    let packet_bytes = field(16).ok_or_else(short)?;
    let channels = field(24).ok_or_else(short)?;
    let bits = field(28).ok_or_else(short)?;
    check_shape(rate, channels)?;
    let channels = channels as u16; // at most 64
    let sample_bytes = match u16::try_from(packet_bytes) {
        Ok(bytes) if bytes > 0 && bytes.is_multiple_of(channels) => bytes / channels,
        _ => u16::try_from(bits.div_ceil(8)).unwrap_or_default(),
    };
    let endian = if flags & 2 != 0 { Endian::Little } else { Endian::Big };
    let format = match body.get(8..12) {
        Some(b"lpcm") if flags & 1 != 0 => SampleFormat::float(sample_bytes, endian),
        Some(b"lpcm") => SampleFormat::integer(sample_bytes, endian),
        Some(b"alaw") => Some(SampleFormat::ALaw),
        Some(b"ulaw") => Some(SampleFormat::MuLaw),
        Some(b"ima4") => return ima4(rate, channels, "CAF"),
        _ => None,
    };
    let unread = || AudioError::unread(format!("PCM of {bits} bits in CAF"));
    format.map(|format| Sound::Blocks(Layout::pcm(format, rate, channels))).ok_or_else(unread)
}

/// Sun's header: five numbers, and a text.
fn au(source: &mut Source) -> Result<Header, AudioError> {
    let start = source.take_array::<24>()?;
    let mut fields = start.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).skip(1);
    let mut next = || fields.next().unwrap_or_default();
    let (offset, length, encoding, rate, channels) = (next(), next(), next(), next(), next());
    check_shape(rate, channels)?;
    let format = match encoding {
        1 => SampleFormat::MuLaw,
        2 => SampleFormat::S8,
        3 => SampleFormat::S16Be,
        4 => SampleFormat::S24Be,
        5 => SampleFormat::S32Be,
        6 => SampleFormat::F32Be,
        7 => SampleFormat::F64Be,
        27 => SampleFormat::ALaw,
        23 => return Err(AudioError::unread("G.721 ADPCM in AU")),
        24 => return Err(AudioError::unread("G.722 ADPCM in AU")),
        25 | 26 => return Err(AudioError::unread("G.723 ADPCM in AU")),
        other => return Err(AudioError::unread(format!("a codec of the unknown number {other} in AU"))),
    };
    source.skip(u64::from(offset).saturating_sub(24))?;
    let layout = Layout::pcm(format, rate, channels as u16); // at most 64
    let extent = Extent::new(source, Style::None, layout.block_bytes, u64::from(length))?;
    Ok(Header { sound: Sound::Blocks(layout), extent })
}
