//! The JSON files beside the weights.

use std::path::{Path, PathBuf};

/// The configuration that makes a folder a checkpoint.
pub(super) const CONFIG: &str = "config.json";

/// Where the JSON files of a checkpoint lie; what an earlier folder has counts.
#[derive(Debug)]
pub(super) struct JsonFiles(Vec<PathBuf>);

impl JsonFiles {
    pub fn of(folder: &Path) -> Self {
        Self(vec![folder.to_owned()])
    }

    /// Those of an adapter, and behind them those of its base.
    pub fn of_two(adapter: &Path, base: PathBuf) -> Self {
        Self(vec![adapter.to_owned(), base])
    }

    /// A file: from the first folder that has it, else as it would be called in the last.
    pub fn file(&self, name: &str) -> PathBuf {
        let mut paths = self.0.iter().map(|folder| folder.join(name));
        let missing = self.0.last().map_or_else(PathBuf::new, |folder| folder.join(name));
        paths.find(|path| path.exists()).unwrap_or(missing)
    }
}
