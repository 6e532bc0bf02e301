//! Why a model cannot be written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{FormatError, TensorError};

/// A model could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// What it answered.
        cause: io::Error,
    },
    /// A tensor's data does not have the length that its shape implies.
    #[error("tensor {name}: {part} has {found} elements, expected {expected} for shape {shape:?}")]
    Elements {
        /// The tensor.
        name: String,
        /// `data`, `scales` or `sums`.
        part: &'static str,
        /// Its shape.
        shape: Vec<u64>,
        /// Elements given.
        found: usize,
        /// Elements that the shape implies.
        expected: u64,
    },
    /// A value that no reader would accept.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A file that no reader would accept.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The header could not be encoded.
    #[error("header cannot be encoded: {0}")]
    Encode(postcard::Error),
    /// The header handed to the writer lists tensors already.
    #[error("header lists {count} tensors before any was added")]
    TensorsGiven {
        /// How many.
        count: usize,
    },
}
