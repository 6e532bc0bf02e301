//! How far the sound reaches: one rule for the lengths in headers, in files and in pipes.
//!
//! A length that programs write when they cannot know it means "to the end", everywhere. A pipe knows better than its
//! header: it may end before the length that is said there, and go on behind it. A file that ends before a plausible
//! length was cut short.

use super::chunks::Style;
use super::error::{AudioError, AudioWarning};
use super::source::Source;

/// What programs write for "unknown" in 32 bits: the largest numbers with and without a sign, and SoX's of AIFF.
const PLACEHOLDERS: [u64; 3] = [0x7f00_0000, 0x7fff_ffff, 0xffff_ffff];

/// They take the length of the header off, round it to frames or to pages, or count one too many.
const NEIGHBOURHOOD: u64 = 8192;

/// Lengths of 64 bits above this mean "unknown".
const MAX_LENGTH: u64 = 1 << 62;

/// Fewer bytes than this behind the sound are padding or a tag, and not worth a word.
const WORTH_A_WORD: u64 = 4096;

/// The part of a source that is sound.
#[derive(Debug)]
pub(super) struct Extent {
    style: Style,
    /// Bytes of a block; fewer are missing where one was not finished.
    block: u64,
    /// Bytes that the header promises; `None` if it does not know.
    promised: Option<u64>,
    /// Bytes up to the promised end; `None` if the sound goes on to the end of the source.
    left: Option<u64>,
    warning: Option<AudioWarning>,
}

/// Whether a length is one that programs make up.
fn is_placeholder(length: u64) -> bool {
    PLACEHOLDERS.iter().any(|&placeholder| length.abs_diff(placeholder) <= NEIGHBOURHOOD)
        || length > MAX_LENGTH
}

impl Extent {
    /// Sound that goes on to the end of the source.
    pub(super) fn to_the_end(block: u32) -> Self {
        Extent { style: Style::None, block: u64::from(block), promised: None, left: None, warning: None }
    }

    /// Sound that begins here, is made of blocks of `block` bytes, and of which the header says that it has `length`.
    ///
    /// # Errors
    /// The source cannot be read.
    pub(super) fn new(
        source: &mut Source,
        style: Style,
        block: u32,
        length: u64,
    ) -> Result<Self, AudioError> {
        let mut extent = Extent { style, ..Extent::to_the_end(block) };
        if length > 0 {
            extent.promised = Some(length).filter(|&length| !is_placeholder(length));
            extent.left = extent.promised;
        } else if extent.is_over(source)? {
            extent.left = Some(0);
        } else if !source.is_pipe() {
            extent.warning = Some(AudioWarning::LengthZero);
        }
        Ok(extent)
    }

    /// Bytes that the header promises; `None` if it does not know.
    pub(super) fn promised(&self) -> Option<u64> {
        self.promised
    }

    /// What should be said about the length, once.
    pub(super) fn take_warning(&mut self) -> Option<AudioWarning> {
        self.warning.take()
    }

    /// Fills `buffer` as far as there is sound, and returns how many bytes there were.
    ///
    /// # Errors
    /// A file ends before its promised length, or the source cannot be read.
    pub(super) fn fill(&mut self, source: &mut Source, buffer: &mut [u8]) -> Result<usize, AudioError> {
        let mut filled = 0;
        while let Some(rest @ [_, ..]) = buffer.get_mut(filled..) {
            let Some(left) = self.left else {
                return Ok(filled + source.fill(rest)?);
            };
            if left == 0 {
                if !source.is_pipe() {
                    self.tell_what_is_left_out(source)?;
                    break;
                }
                if self.is_over(source)? {
                    break;
                }
                self.left = None;
                continue;
            }
            let wanted = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
            let count = source.fill(rest.get_mut(..wanted).unwrap_or_default())?;
            filled += count;
            let left = left - count as u64;
            self.left = Some(left);
            if count < wanted {
                return self.end_early(source, left).map(|()| filled);
            }
        }
        Ok(filled)
    }

    /// Whether there is no more sound here: nothing, or another chunk.
    fn is_over(&self, source: &mut Source) -> Result<bool, AudioError> {
        let next = source.peek(self.style.looked_at())?;
        Ok(next.is_empty() || self.style.begins_a_chunk(next))
    }

    fn tell_what_is_left_out(&mut self, source: &mut Source) -> Result<(), AudioError> {
        let bytes = source.remaining().unwrap_or_default();
        if bytes >= WORTH_A_WORD && !self.is_over(source)? {
            self.warning = Some(AudioWarning::LeftOut { bytes });
        }
        Ok(())
    }

    /// The source ends `missing` bytes before the promised end. In a file, a block that was not finished may be missing.
    fn end_early(&self, source: &Source, missing: u64) -> Result<(), AudioError> {
        match self.promised {
            Some(promised) if !source.is_pipe() && missing >= self.block => {
                Err(AudioError::Truncated { promised, missing })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_with_their_neighbours() {
        for length in [
            0x7fff_ffff_u64,
            0x7fff_ffff - 36,
            0x7fff_f000,
            0x7fff_f000 - 36,
            0x8000_0000,
            0x8000_0000 - 44,
            0x8000_0000 + 36,
            0xffff_ffff,
            0xffff_ffff - 36,
            0xffff_fffe,
            0xffff_f000,
            0x7f00_0000,
            0x7f00_0008,
            u64::MAX,
            u64::MAX - 4,
            1 << 63,
        ] {
            assert!(is_placeholder(length), "{length:#x}");
        }
        for length in [1, 48_000, 0x1000_0000, 0x7ffe_0000, 0x9000_0000, 0xfff0_0000, 0x1_0001_0000] {
            assert!(!is_placeholder(length), "{length:#x}");
        }
    }
}
