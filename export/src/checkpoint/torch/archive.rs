//! A zip archive of raw storages, with a pickle that says which tensor lies where.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::pickle::{MAX_PICKLE, Storage};
use crate::checkpoint::error::{Problem, TorchProblem};
use crate::checkpoint::tensors::Float;

/// An archive of `torch.save`.
pub(super) struct Archive {
    entries: ZipArchive<BufReader<File>>,
    /// The folder in it that holds everything, with its slash; torch names it after the file.
    folder: String,
}

impl Archive {
    /// Opens the file; `None` if it is no archive.
    pub fn open(path: &Path) -> Result<Option<Self>, Problem> {
        let entries = match ZipArchive::new(BufReader::new(File::open(path)?)) {
            Ok(entries) => entries,
            Err(ZipError::InvalidArchive(_)) => return Ok(None),
            Err(other) => return Err(TorchProblem::from(other).into()),
        };
        let folder = folder(&entries)?;
        Ok(Some(Self { entries, folder }))
    }

    /// The pickle.
    pub fn pickle(&mut self) -> Result<Vec<u8>, Problem> {
        if let Ok(order) = self.entry("byteorder", Some(16))
            && order.trim_ascii() != b"little"
        {
            let order = String::from_utf8_lossy(&order).trim().to_owned();
            return Err(TorchProblem::ByteOrder(order).into());
        }
        self.entry("data.pkl", Some(MAX_PICKLE))
    }

    /// The numbers of one storage.
    pub fn storage(&mut self, storage: &Storage<'_>, float: Float) -> Result<Vec<f32>, Problem> {
        let bytes = self.entry(&format!("data/{}", storage.key), None)?;
        let expected = (storage.length as u64).saturating_mul(float.size() as u64);
        if bytes.len() as u64 != expected {
            let (key, found) = (storage.key.to_owned(), bytes.len() as u64);
            return Err(TorchProblem::Storage { key, found, expected }.into());
        }
        Ok(float.decode(&bytes))
    }

    /// The bytes of one entry. Entries are stored, so an entry cannot be longer than the file.
    fn entry(&mut self, name: &str, limit: Option<u64>) -> Result<Vec<u8>, Problem> {
        let name = format!("{}{name}", self.folder);
        let mut entry = self.entries.by_name(&name).map_err(|error| match error {
            ZipError::FileNotFound => TorchProblem::NoEntry(name.clone()),
            other => other.into(),
        })?;
        if entry.compression() != zip::CompressionMethod::Stored {
            return Err(TorchProblem::Compressed(name).into());
        }
        if let Some(limit) = limit
            && entry.size() > limit
        {
            return Err(TorchProblem::PickleSize(entry.size()).into());
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn folder(entries: &ZipArchive<BufReader<File>>) -> Result<String, TorchProblem> {
    for name in entries.file_names() {
        if let Some(folder) = name?.strip_suffix("data.pkl")
            && folder.ends_with('/')
        {
            return Ok(folder.to_owned());
        }
    }
    Err(TorchProblem::NoEntry("data.pkl".to_owned()))
}
