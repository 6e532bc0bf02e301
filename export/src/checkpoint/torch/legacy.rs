//! One file of pickles with the storages behind them, as torch before release 1.6 writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::pickle::{Element, Legacy, MAX_PICKLE, Storage};
use crate::checkpoint::error::{Problem, TorchProblem};
use crate::checkpoint::tensors::Float;

/// Bytes before each storage that say how many elements it has.
const COUNT: u64 = 8;

/// A file of this kind, once its beginning is read.
pub(super) struct LegacyFile {
    file: File,
    /// Where each storage begins, by its key.
    offsets: HashMap<String, u64>,
}

/// The beginning of a file of this kind, with all its pickles; `None` if it is of another.
pub(super) fn beginning(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_PICKLE).read_to_end(&mut bytes)?;
    Ok(Legacy::begins(&bytes).then_some(bytes))
}

impl LegacyFile {
    /// Finds the storages that follow the pickles.
    pub fn open(path: &Path, pickles: &Legacy<'_>) -> Result<Self, Problem> {
        let mut at = pickles.length as u64;
        let mut offsets = HashMap::new();
        for storage in &pickles.storages {
            at = at.saturating_add(COUNT);
            offsets.insert(storage.key.to_owned(), at);
            at = at.saturating_add((storage.length as u64).saturating_mul(storage.element.size() as u64));
        }
        let file = File::open(path)?;
        let found = file.metadata()?.len();
        match at == found {
            true => Ok(Self { file, offsets }),
            false => Err(TorchProblem::Length { found, expected: at }.into()),
        }
    }

    /// The numbers of one storage. The file was found to be long enough for it.
    pub fn storage(&mut self, storage: &Storage<'_>, float: Float) -> Result<Vec<f32>, Problem> {
        let missing = || TorchProblem::NoEntry(storage.key.to_owned());
        let at = *self.offsets.get(storage.key).ok_or_else(missing)?;
        self.file.seek(SeekFrom::Start(at - COUNT))?;
        let mut count = [0; COUNT as usize];
        self.file.read_exact(&mut count)?;
        let (expected, found) = (storage.length as u64, u64::from_le_bytes(count));
        if found != expected {
            return Err(TorchProblem::Storage { key: storage.key.to_owned(), found, expected }.into());
        }
        debug_assert_eq!(storage.element, Element::Float(float));
        let mut bytes = Vec::new();
        (&self.file).take(expected.saturating_mul(float.size() as u64)).read_to_end(&mut bytes)?;
        Ok(float.decode(&bytes))
    }
}
