//! The chunks of a WAV header, walked up to the sound with every length checked.
//!
//! Recorders and converters add chunks, pad them, and write made-up lengths into pipes; hound takes headers literally.
//! So hound is given a canonical header, RIFF, `fmt ` and `data` alone, and judges the format from that.

use std::io::{self, Read};

use hound::{WavReader, WavSpec};

use super::error::AudioError;

/// Length that programs write when they cannot know it: the sound goes on until the stream ends.
const UNKNOWN_LENGTH: u32 = u32::MAX;

/// `fmt ` chunks have 16, 18 or 40 bytes; a longer one is not a header that anything writes.
const MAX_FORMAT_BYTES: u32 = 1024;

/// What a header says; the reader stands at the first byte of sound.
pub(super) struct Riff {
    /// Rate, channels, bits and number format.
    pub(super) spec: WavSpec,
    /// Bytes per frame, that is one sample of every channel; at least 1 per channel.
    pub(super) frame_bytes: u16,
    /// Bytes of sound the header promises; `None` if it says that it does not know.
    pub(super) promised: Option<u64>,
}

/// Reads up to the first byte of sound.
///
/// # Errors
/// Not RIFF/WAVE, no `fmt ` before `data`, absurd lengths, a format that hound does not know, or a header cut short.
pub(super) fn read(reader: &mut impl Read) -> Result<Riff, AudioError> {
    let start = read_up_to::<12>(reader)?;
    match start.as_slice() {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] => {}
        [] => return Err(AudioError::Empty),
        other => return Err(AudioError::NotWav { looks_like: looks_like(other) }),
    }
    let mut format = None;
    loop {
        let head = read_exact::<8>(reader)?;
        let [a, b, c, d, length @ ..] = head;
        let length = u32::from_le_bytes(length);
        match &[a, b, c, d] {
            b"fmt " if length > MAX_FORMAT_BYTES => {
                return Err(AudioError::Header { what: format!("its fmt chunk claims {length} bytes") });
            }
            b"fmt " => {
                let mut body = Vec::new();
                reader.by_ref().take(u64::from(length)).read_to_end(&mut body)?;
                if body.len() < length as usize {
                    return Err(cut_short());
                }
                skip(reader, length % 2)?;
                format = Some(body);
            }
            b"data" => {
                let Some(format) = format else {
                    return Err(AudioError::Header { what: "no fmt chunk before the data".to_owned() });
                };
                return judge(&format, length);
            }
            _ => skip(reader, length.checked_add(length % 2).ok_or_else(cut_short)?)?,
        }
    }
}

/// Lets hound read the header without the chunks that do not matter.
fn judge(format: &[u8], data_length: u32) -> Result<Riff, AudioError> {
    let frame_bytes = match format.get(12..14) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    let promised = (data_length != UNKNOWN_LENGTH).then_some(u64::from(data_length));
    let format_length = u32::try_from(format.len()).unwrap_or(MAX_FORMAT_BYTES);
    let canonical = [
        b"RIFF\0\0\0\0WAVEfmt ".as_slice(), // hound does not look at this length
        &format_length.to_le_bytes(),
        format,
        b"data",
        &promised.map_or(0, |_| data_length).to_le_bytes(), // an unknown length is no whole number of frames,
    ]
    .concat();
    match WavReader::new(canonical.as_slice()) {
        Ok(reader) => Ok(Riff { spec: reader.spec(), frame_bytes, promised }),
        Err(hound::Error::FormatError(what)) => Err(AudioError::Header { what: what.to_owned() }),
        Err(hound::Error::IoError(_)) => Err(cut_short()),
        Err(_) => Err(AudioError::Unsupported),
    }
}

/// What a file that is no WAV probably is, from its first bytes.
fn looks_like(start: &[u8]) -> &'static str {
    match start {
        [b'f', b'L', b'a', b'C', ..] => "a FLAC file",
        [b'O', b'g', b'g', b'S', ..] => "an Ogg file",
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => "an MP3 or AAC file",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "an MP4 file",
        [b'R', b'F', b'6', b'4', ..] => "an RF64 file",
        _ if start.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) => "text",
        _ => "something else",
    }
}

fn cut_short() -> AudioError {
    AudioError::Header { what: "the file ends inside it".to_owned() }
}

fn skip(reader: &mut impl Read, length: u32) -> Result<(), AudioError> {
    let skipped = io::copy(&mut reader.take(u64::from(length)), &mut io::sink())?;
    if skipped < u64::from(length) { Err(cut_short()) } else { Ok(()) }
}

fn read_exact<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], AudioError> {
    read_up_to::<N>(reader)?.try_into().map_err(|_| cut_short())
}

fn read_up_to<const N: usize>(reader: &mut impl Read) -> Result<Vec<u8>, AudioError> {
    let mut bytes = Vec::with_capacity(N);
    reader.take(N as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: [u8; 16] = [1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0];

    fn chunk(name: &[u8; 4], length: u32, body: &[u8]) -> Vec<u8> {
        [name.as_slice(), &length.to_le_bytes(), body].concat()
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WAVE".to_vec(), chunks.concat()].concat()
    }

    #[test]
    fn other_chunks_and_their_padding_are_skipped() {
        let bytes = file(&[
            chunk(b"LIST", 3, b"abc\0"),
            chunk(b"fmt ", 16, &FORMAT),
            chunk(b"fact", 12, &[0; 12]),
            chunk(b"data", 4, &[1, 2, 3, 4]),
        ]);
        let mut rest = bytes.as_slice();
        let riff = read(&mut rest).expect("a valid header");
        assert_eq!(riff.promised, Some(4));
        assert_eq!(rest, [1, 2, 3, 4]);
        assert_eq!((riff.spec.sample_rate, riff.spec.channels, riff.frame_bytes), (16_000, 1, 2));
    }

    #[test]
    fn an_unknown_length_promises_nothing() {
        let bytes = file(&[chunk(b"fmt ", 16, &FORMAT), chunk(b"data", u32::MAX, &[])]);
        let riff = read(&mut bytes.as_slice()).expect("a valid header");
        assert_eq!(riff.promised, None);
    }

    #[test]
    fn refusals_say_what_they_found() {
        let refuse = |bytes: &[u8]| match read(&mut &bytes[..]) {
            Ok(_) => panic!("accepted {bytes:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(refuse(b""), "holds no samples; record it again");
        assert_eq!(refuse(b"hello"), "not a WAV file but text; convert it to WAV first");
        assert!(refuse(b"fLaC\0\0\0\x22").contains("a FLAC file"));
        assert!(refuse(&file(&[])).contains("ends inside"));
        assert!(refuse(&file(&[chunk(b"data", 0, &[])])).contains("no fmt chunk"));
        assert!(refuse(&file(&[chunk(b"fmt ", u32::MAX, &FORMAT)])).contains("claims 4294967295 bytes"));
        assert!(refuse(&file(&[chunk(b"junk", u32::MAX, &[])])).contains("ends inside"));
    }
}
