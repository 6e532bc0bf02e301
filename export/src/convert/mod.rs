//! Checkpoints to one verified file.
//!
//! ```text
//! read   checkpoints -> one model with the heads of all
//! cut    a model -> its first layers
//! write  a model -> a file, once it is known to compute the same
//! ```

mod cut;
mod read;
mod write;

use std::path::PathBuf;

use wavlm_format::{FormatError, Precision, WriteError};

use crate::canonical::{CanonicalError, CutError, MergeError};
use crate::checkpoint::CheckpointError;
use crate::file::Provenance;
#[cfg(feature = "onnx")]
use crate::original::OriginalError;
use crate::verify::VerifyError;
pub use cut::cut;
pub use read::read;
pub use write::write;

/// A checkpoint's folder, and what its head is to be called.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the head; `None` names it after its kind.
    pub name: Option<String>,
    /// The folder.
    pub folder: PathBuf,
}

/// What a file is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Of this arithmetic.
    Precision(Precision),
    /// Of so many bytes at most: linear layers have 8 bits where the outputs are most sensitive, and 4 elsewhere.
    Length(u64),
}

/// How to convert.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the file is to be.
    pub target: Target,
    /// The recordings are the user's, and what they are like may decide how weights are rounded.
    pub calibrated: bool,
    /// Licence and origin, for the header.
    pub provenance: Provenance,
    /// Write the file even if its outputs are too far from the checkpoint's.
    pub force: bool,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// A checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint lacks what its configuration promises.
    #[error("{}: {cause}", folder.display())]
    Canonical {
        /// The checkpoint.
        folder: PathBuf,
        /// What it lacks.
        cause: CanonicalError,
    },
    /// A graph is not what was recognised in it.
    #[cfg(feature = "onnx")]
    #[error(transparent)]
    Original(#[from] OriginalError),
    /// The encoder cannot be cut so.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// The checkpoints do not share one encoder.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The model does not fit in so few bytes.
    #[error(
        "{}: not written: {wanted} bytes are too few; with four bits for every linear weight it has {least}: raise --budget, \
         or cut layers off with --layers",
        path.display()
    )]
    Budget {
        /// The file that was to be written.
        path: PathBuf,
        /// Bytes that were asked for.
        wanted: u64,
        /// Bytes of the shortest file.
        least: u64,
    },
    /// The file cannot be made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The file that was made is not valid.
    #[error("the new file is not valid: {0}")]
    Format(#[from] FormatError),
    /// The file does not compute what the checkpoint does.
    #[error("{}: not written: {cause}", path.display())]
    Verify {
        /// The file that was to be written.
        path: PathBuf,
        /// What differs.
        cause: VerifyError,
    },
}
