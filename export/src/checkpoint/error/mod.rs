//! Why a checkpoint is refused. Every message names the file, what is wrong, and what to do where that is not plain.

mod adapter;
mod authors;
mod config;
mod onnx;
mod pruned;
mod s3prl;
mod source;
mod weights;

use std::path::PathBuf;

pub use adapter::AdapterProblem;
pub use authors::AuthorsProblem;
pub use config::ConfigProblem;
pub use onnx::OnnxProblem;
pub use pruned::PrunedProblem;
pub use s3prl::S3prlProblem;
pub use source::SourceProblem;
pub use weights::{SafetensorsProblem, ShardProblem, TorchProblem};

/// A file of a checkpoint, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct CheckpointError {
    /// The file or folder at fault.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

impl CheckpointError {
    /// `problem` with the file it was found in.
    pub(crate) fn new(path: impl Into<PathBuf>, problem: impl Into<Problem>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

/// What is wrong with a file of a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused to read it.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A JSON file is damaged, or a value in it has the wrong type.
    #[error("not the JSON expected: {0}")]
    Json(#[from] serde_json::Error),
    /// What was given is no checkpoint that can be read.
    #[error(transparent)]
    Source(#[from] SourceProblem),
    /// `config.json` or a file beside it describes no model that can be converted.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
    /// `git clone` without `git lfs`.
    #[error("a Git LFS pointer, not the weights; run `git lfs pull` in the checkpoint's folder")]
    LfsPointer,
    /// A safetensors file is damaged.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsProblem),
    /// A torch archive is damaged, or asks for something that is not allowed.
    #[error(transparent)]
    Torch(#[from] TorchProblem),
    /// The index of weights in several files is wrong.
    #[error(transparent)]
    Shards(#[from] ShardProblem),
    /// A file of WavLM's authors, or one around their model, that cannot be converted.
    #[error(transparent)]
    Authors(#[from] AuthorsProblem),
    /// A file of a pruned model that cannot be converted.
    #[error(transparent)]
    Pruned(#[from] PrunedProblem),
    /// A head of s3prl that cannot be converted.
    #[error(transparent)]
    S3prl(#[from] S3prlProblem),
    /// An ONNX graph that cannot be converted.
    #[error(transparent)]
    Onnx(#[from] OnnxProblem),
    /// An adapter that cannot be merged into the weights.
    #[error(transparent)]
    Adapter(#[from] AdapterProblem),
    /// Two spellings of one tensor hold different values.
    #[error("tensors `{first}` and `{second}` are the same one and differ; remove the wrong one")]
    TwoSpellings {
        /// Its name in the file.
        first: String,
        /// Its other name.
        second: String,
    },
}
