//! What a path holds, by who wrote it, as one checkpoint.

use std::path::Path;

use super::error::CheckpointError;
use super::model::{Checkpoint, Wanted};
use super::source::Source;
use super::{authors, pruned, transformers};

impl Checkpoint {
    /// Reads a checkpoint: a folder that `save_pretrained` wrote, or a file of weights in it. `config.json`, what
    /// prepares the waveform and the weights must be there; where they exist, `vocab.json`, `added_tokens.json` and
    /// `decision.json` are read, and an adapter is merged. What is `wanted` overrides what the files say.
    ///
    /// # Errors
    /// What is missing, damaged, or cannot be what it says; the message says what to do.
    pub fn open(path: &Path, wanted: &Wanted) -> Result<Self, CheckpointError> {
        match Source::find(path)? {
            Source::Transformers(folder) => transformers::open(&folder, wanted),
            Source::Authors(weights, contents) => authors::open(&weights, contents, wanted.task),
            Source::Pruned(weights, contents) => pruned::open(&weights, contents, wanted.task),
            Source::Onnx(path) => of_graph(&path, wanted),
        }
    }
}

#[cfg(feature = "onnx")]
fn of_graph(path: &Path, wanted: &Wanted) -> Result<Checkpoint, CheckpointError> {
    super::onnx::open(path, wanted)
}

#[cfg(not(feature = "onnx"))]
fn of_graph(path: &Path, _: &Wanted) -> Result<Checkpoint, CheckpointError> {
    Err(CheckpointError::new(path, super::error::SourceProblem::NoOnnx))
}
