//! Chunks: a name, a length and as many bytes, as RIFF, AIFF, CAF and their relatives are made of.
//!
//! Symphonia has readers for these containers, and they believe every length. Recorders that are killed, programs that
//! write into a pipe and writers that forget to pad leave lengths that are wrong. So the walk up to the sound is ours, and
//! Symphonia decodes what is found there. Its readers of RIFF know no RF64, BW64, RIFX or Wave64 either, and its reader
//! of CAF needs a file.

use super::error::AudioError;
use super::source::Source;

/// How a container writes names and lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// RIFF, RF64 and BW64: four letters, 32 bits with the lowest byte first.
    Riff,
    /// RIFX and AIFF: four letters, 32 bits with the highest byte first.
    Iff,
    /// Wave64: a GUID that begins with four letters, 64 bits that count the head, too.
    Wave64,
    /// CAF: four letters, 64 bits with the highest byte first.
    Caf,
    /// AU has no chunks behind its header.
    None,
}

/// The beginning of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) name: [u8; 4],
    /// Bytes that follow, as the head says.
    pub(super) length: u64,
}

/// Names of chunks that are met before or behind the sound.
const KNOWN: [&[u8; 4]; 38] = [
    b"fmt ", b"data", b"fact", b"LIST", b"list", b"INFO", b"JUNK", b"junk", b"PAD ", b"FLLR", b"bext",
    b"iXML", b"id3 ", b"ID3 ", b"cue ", b"plst", b"labl", b"smpl", b"inst", b"PEAK", b"axml", b"chna",
    b"DISP", b"afsp", b"cart", b"levl", b"umid", b"acid", b"ds64", b"COMM", b"SSND", b"NAME", b"ANNO",
    b"AUTH", b"MARK", b"desc", b"pakt", b"info",
];

/// A chunk of unknown name behind the sound is one if it is shorter than this; sound hardly ever looks like that.
const MAX_UNKNOWN_CHUNK: u64 = 1 << 20;

impl Style {
    /// Bytes of a chunk's head.
    fn head_bytes(self) -> usize {
        match self {
            Style::Riff | Style::Iff => 8,
            Style::Wave64 => 24,
            Style::Caf => 12,
            Style::None => 0,
        }
    }

    /// Chunks begin at multiples of this.
    fn alignment(self) -> u64 {
        match self {
            Style::Riff | Style::Iff => 2,
            Style::Wave64 => 8,
            Style::Caf | Style::None => 1,
        }
    }

    fn head(self, bytes: &[u8]) -> Option<Head> {
        let (&name, rest) = bytes.split_first_chunk()?;
        let length = match self {
            Style::Riff => u64::from(u32::from_le_bytes(*rest.first_chunk()?)),
            Style::Iff => u64::from(u32::from_be_bytes(*rest.first_chunk()?)),
            Style::Wave64 => u64::from_le_bytes(*rest.get(12..)?.first_chunk()?).saturating_sub(24),
            Style::Caf => u64::from_be_bytes(*rest.first_chunk()?),
            Style::None => return None,
        };
        Some(Head { name, length })
    }

    /// Takes the head of the next chunk.
    ///
    /// # Errors
    /// The source ends here.
    pub(super) fn next(self, source: &mut Source) -> Result<Head, AudioError> {
        let count = self.head_bytes();
        let head = self.head(source.peek(count)?).ok_or_else(AudioError::header_cut_short)?;
        source.skip(count as u64)?;
        Ok(head)
    }

    /// Leaves out a chunk that does not matter, and its padding.
    ///
    /// # Errors
    /// The source ends inside it.
    pub(super) fn skip(self, source: &mut Source, head: Head) -> Result<(), AudioError> {
        source.skip(head.length)?;
        self.skip_padding(source, head.length)
    }

    /// Goes on from the end of a chunk of `length` bytes to the next one.
    ///
    /// An odd chunk should be followed by a byte of padding, and some writers forget it.
    ///
    /// # Errors
    /// The source ends here.
    pub(super) fn skip_padding(self, source: &mut Source, length: u64) -> Result<(), AudioError> {
        let padding = length.next_multiple_of(self.alignment()) - length;
        if padding == 0 || (self.alignment() == 2 && begins_with_a_name(source.peek(5)?)) {
            return Ok(());
        }
        source.skip(padding)
    }

    /// Whether bytes behind the sound begin another chunk, so that the sound is over.
    pub(super) fn begins_a_chunk(self, bytes: &[u8]) -> bool {
        let at = |offset: usize| {
            let head = bytes.get(offset..).and_then(|bytes| self.head(bytes));
            head.is_some_and(|head| {
                is_known(head.name)
                    || head.name.iter().all(|letter| (b' '..=b'~').contains(letter))
                        && head.length < MAX_UNKNOWN_CHUNK
            })
        };
        at(0) || (self.alignment() == 2 && at(1))
    }

    /// How many bytes [`Style::begins_a_chunk`] wants to see.
    pub(super) fn looked_at(self) -> usize {
        self.head_bytes() + 1
    }
}

fn is_known(name: [u8; 4]) -> bool {
    KNOWN.contains(&&name)
}

/// Whether a chunk begins at the first of five bytes, where padding should be, rather than at the second.
fn begins_with_a_name(bytes: &[u8]) -> bool {
    match *bytes {
        [0, ..] => false,
        [a, b, c, d, e] => is_known([a, b, c, d]) && !is_known([b, c, d, e]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn source(bytes: &[u8]) -> Source {
        Source::from_stream(Cursor::new(bytes.to_vec()))
    }

    #[test]
    fn heads_are_read_in_every_style() {
        let head = Head { name: *b"data", length: 5 };
        let wave64 = [b"data".as_slice(), &[0; 12], &29_u64.to_le_bytes()].concat();
        for (style, bytes) in [
            (Style::Riff, b"data\x05\0\0\0".as_slice()),
            (Style::Iff, b"data\0\0\0\x05"),
            (Style::Caf, b"data\0\0\0\0\0\0\0\x05"),
            (Style::Wave64, &wave64),
        ] {
            let mut all = source(bytes);
            assert_eq!(style.next(&mut all).expect("a head"), head, "{style:?}");
            assert_eq!(all.peek(1).expect("the end"), b"");
            assert!(style.next(&mut source(&bytes[..bytes.len() - 1])).is_err(), "{style:?}");
        }
    }

    #[test]
    fn a_chunk_of_odd_length_may_lack_its_padding() {
        let head = Head { name: *b"LIST", length: 3 };
        for body in [b"abc\0data".as_slice(), b"abcdata", b"abcxdata"] {
            let mut source = source(&[body, b"\x04\0\0\0"].concat());
            Style::Riff.skip(&mut source, head).expect("a chunk");
            let next = Style::Riff.next(&mut source).expect("a head");
            assert_eq!(next, Head { name: *b"data", length: 4 }, "{body:?}");
        }
    }

    #[test]
    fn sound_is_told_from_chunks() {
        assert!(Style::Riff.begins_a_chunk(b"LIST\x1a\0\0\0I"));
        assert!(Style::Riff.begins_a_chunk(b"\0LIST\x1a\0\0\0"));
        assert!(Style::Riff.begins_a_chunk(b"Xyz1\x1a\0\0\0I"));
        assert!(!Style::Riff.begins_a_chunk(b"Xyz1abcd"));
        assert!(!Style::Riff.begins_a_chunk(b"\x10\x03\x20\0\xff\xff\x10\0\0"));
        assert!(!Style::Riff.begins_a_chunk(b"LIST"));
        assert!(!Style::None.begins_a_chunk(b"LIST\x1a\0\0\0I"));
    }
}
