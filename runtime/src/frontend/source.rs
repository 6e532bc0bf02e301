//! Bytes of a file or a pipe, which can be looked at before they are taken.

use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read, Seek};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use symphonia::core::io::{MediaSource, ReadOnlySource};

use super::error::AudioError;

/// Most bytes of a pipe that are held in memory, for containers whose index may lie behind the sound.
const MAX_HELD: u64 = 64 << 20;

/// A file or a pipe.
pub(super) struct Source {
    bytes: Box<dyn Read + Send>,
    /// Bytes that were looked at and not taken yet.
    ahead: Vec<u8>,
    /// Bytes taken.
    position: u64,
    file: Option<RegularFile>,
}

/// What only a regular file has.
struct RegularFile {
    handle: File,
    length: u64,
}

impl Source {
    /// Opens a path. A FIFO, a terminal or a device is a pipe, whatever its name.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let handle = File::open(path)?;
        let about = handle.metadata()?;
        let file = if about.is_file() {
            Some(RegularFile { handle: handle.try_clone()?, length: about.len() })
        } else {
            None
        };
        Ok(Source { file, ..Source::from_stream(handle) })
    }

    /// Bytes that come from somewhere, and end when they end.
    pub(super) fn from_stream(stream: impl Read + Send + 'static) -> Self {
        Source { bytes: Box::new(BufReader::new(stream)), ahead: Vec::new(), position: 0, file: None }
    }

    /// Whether this is anything but a regular file.
    pub(super) fn is_pipe(&self) -> bool {
        self.file.is_none()
    }

    /// Bytes of a regular file that were not taken yet.
    pub(super) fn remaining(&self) -> Option<u64> {
        Some(self.file.as_ref()?.length.saturating_sub(self.position))
    }

    /// The next `count` bytes, or as many as there are, without taking them. Waits for them in a pipe, and for no more.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if let Some(missing) = count.checked_sub(self.ahead.len()) {
            self.bytes.by_ref().take(missing as u64).read_to_end(&mut self.ahead)?;
        }
        Ok(self.ahead.get(..count).unwrap_or(&self.ahead))
    }

    /// Fills `buffer` as far as there are bytes, and returns how many there were.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest @ [_, ..]) = buffer.get_mut(filled..) {
            match self.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Takes exactly `N` bytes.
    ///
    /// # Errors
    /// There are fewer, which in a header means that it is cut short.
    pub(super) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], AudioError> {
        let mut bytes = [0; N];
        if self.fill(&mut bytes)? < N { Err(AudioError::header_cut_short()) } else { Ok(bytes) }
    }

    /// Takes `count` bytes.
    ///
    /// # Errors
    /// As [`Source::take_array`].
    pub(super) fn take_bytes(&mut self, count: u16) -> Result<Vec<u8>, AudioError> {
        let mut bytes = vec![0; usize::from(count)];
        if self.fill(&mut bytes)? < bytes.len() { Err(AudioError::header_cut_short()) } else { Ok(bytes) }
    }

    /// Leaves out `count` bytes.
    ///
    /// # Errors
    /// As [`Source::take_array`].
    pub(super) fn skip(&mut self, count: u64) -> Result<(), AudioError> {
        let skipped = io::copy(&mut self.by_ref().take(count), &mut io::sink())?;
        if skipped < count { Err(AudioError::header_cut_short()) } else { Ok(()) }
    }

    /// What a demuxer reads in one direction.
    pub(super) fn into_stream(self) -> Box<dyn MediaSource> {
        Box::new(ReadOnlySource::new(Shared(Mutex::new(self))))
    }

    /// What a demuxer reads back and forth, from its first byte: the file, or a pipe held in memory.
    ///
    /// # Errors
    /// The pipe is too long to be held, or cannot be read.
    pub(super) fn into_seekable(mut self) -> Result<Box<dyn MediaSource>, AudioError> {
        if let Some(mut file) = self.file {
            file.handle.rewind()?;
            return Ok(Box::new(file.handle));
        }
        let mut held = Vec::new();
        self.by_ref().take(MAX_HELD + 1).read_to_end(&mut held)?;
        if held.len() as u64 > MAX_HELD {
            return Err(AudioError::TooLongToHold { limit_mib: MAX_HELD >> 20 });
        }
        Ok(Box::new(Cursor::new(held)))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.ahead.is_empty() {
            self.bytes.read(buffer)?
        } else {
            let count = self.ahead.as_slice().read(buffer)?;
            self.ahead.drain(..count);
            count
        };
        self.position += count as u64;
        Ok(count)
    }
}

/// Symphonia asks for sources that threads may share; none ever does.
struct Shared(Mutex<Source>);

impl Read for Shared {
    /// As [`Source::read`], and never interrupted, which Symphonia would take for a failure.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let source = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        loop {
            match source.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_still_there() {
        let mut source = Source::from_stream(Cursor::new(b"abcdef".to_vec()));
        assert_eq!(source.peek(4).expect("bytes"), b"abcd");
        assert_eq!(source.peek(2).expect("bytes"), b"ab");
        let mut three = [0; 3];
        assert_eq!(source.fill(&mut three).expect("bytes"), 3);
        assert_eq!(&three, b"abc");
        assert_eq!(source.peek(99).expect("bytes"), b"def");
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).expect("bytes");
        assert_eq!(rest, b"def");
        assert_eq!(source.peek(1).expect("the end"), b"");
    }

    #[test]
    fn a_pipe_held_in_memory_keeps_what_was_looked_at() {
        let mut source = Source::from_stream(Cursor::new(b"abcdef".to_vec()));
        source.peek(4).expect("bytes");
        let mut held = String::new();
        source.into_seekable().expect("a short pipe").read_to_string(&mut held).expect("text");
        assert_eq!(held, "abcdef");
    }

    #[test]
    fn a_pipe_too_long_to_hold_is_refused() {
        let endless = Source::from_stream(io::repeat(0));
        assert!(matches!(endless.into_seekable(), Err(AudioError::TooLongToHold { limit_mib: 64 })));
    }
}
