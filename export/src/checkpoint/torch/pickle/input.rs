//! The bytes of a pickle, read in order and never past their end.

use crate::checkpoint::error::TorchProblem;

/// A cursor over the pickle.
pub(super) struct Input<'a> {
    pickle: &'a [u8],
    /// Next byte to read; at most the length.
    at: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        Self { pickle, at: 0 }
    }

    /// The error that something is wrong here.
    pub(super) fn damaged(&self, what: &'static str) -> TorchProblem {
        TorchProblem::Pickle { offset: self.at, what }
    }

    pub(super) fn bytes(&mut self, count: u64) -> Result<&'a [u8], TorchProblem> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let bytes = end
            .and_then(|end| self.pickle.get(self.at..end))
            .ok_or_else(|| self.damaged("it ends within an instruction"))?;
        self.at += bytes.len();
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, TorchProblem> {
        Ok(self.bytes(1)?[0])
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// A big-endian number of 8 bytes.
    pub(super) fn float(&mut self) -> Result<f64, TorchProblem> {
        let bytes = self.bytes(8)?;
        let bytes = bytes.first_chunk().ok_or_else(|| self.damaged("it ends within an instruction"))?;
        Ok(f64::from_be_bytes(*bytes))
    }

    /// A little-endian natural number of up to 8 bytes.
    pub(super) fn unsigned(&mut self, width: u8) -> Result<u64, TorchProblem> {
        if width > 8 {
            return Err(self.damaged("an integer of more than 64 bits"));
        }
        let bytes = self.bytes(u64::from(width))?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// A little-endian integer in two's complement of up to 8 bytes.
    pub(super) fn signed(&mut self, width: u8) -> Result<i64, TorchProblem> {
        let value = self.unsigned(width)?;
        let unused = 64 - 8 * u32::from(width);
        Ok(if width == 0 { 0 } else { (value << unused) as i64 >> unused })
    }

    /// UTF-8 text of a known length in bytes.
    pub(super) fn text(&mut self, length: u64) -> Result<&'a str, TorchProblem> {
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("text that is not UTF-8"))
    }

    /// Text up to a line feed, which is left out.
    pub(super) fn line(&mut self) -> Result<&'a str, TorchProblem> {
        let rest = &self.pickle[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| self.damaged("it ends within an instruction"))?;
        let text = self.text(length as u64)?;
        self.at += 1;
        Ok(text)
    }
}
