//! What a path holds, by who wrote it: a whole checkpoint, or a head alone.

use std::path::Path;

use super::error::{CheckpointError, S3prlProblem};
use super::model::{Checkpoint, Wanted};
use super::s3prl::HeadCheckpoint;
use super::source::Source;
use super::{authors, pruned, s3prl, transformers};

/// What a path holds.
#[derive(Debug)]
pub enum Opened {
    /// A model with its encoder.
    Whole(Box<Checkpoint>),
    /// A head, which needs the encoder of another.
    Head(Box<HeadCheckpoint>),
}

impl Opened {
    /// Reads a checkpoint: a folder that `save_pretrained` wrote, or a file of weights in it; a file of WavLM's authors or of
    /// a program that prunes; a graph; a head of s3prl. In a folder of transformers `config.json`, what prepares the waveform
    /// and the weights must be there; where they exist, `vocab.json`, `added_tokens.json` and `decision.json` are read, and an
    /// adapter is merged. What is `wanted` overrides what the files say.
    ///
    /// # Errors
    /// What is missing, damaged, or cannot be what it says; the message says what to do.
    pub fn open(path: &Path, wanted: &Wanted) -> Result<Self, CheckpointError> {
        let checkpoint = match Source::find(path)? {
            Source::Transformers(folder) => transformers::open(&folder, wanted),
            Source::Authors(weights, contents) => authors::open(&weights, contents, wanted.task),
            Source::Pruned(weights, contents) => pruned::open(&weights, contents, wanted.task),
            Source::Onnx(path) => of_graph(&path, wanted),
            Source::Head(weights) => return s3prl::open(&weights).map(|head| Self::Head(Box::new(head))),
        };
        checkpoint.map(|checkpoint| Self::Whole(Box::new(checkpoint)))
    }
}

impl Checkpoint {
    /// Reads a checkpoint that has an encoder, as [`Opened::open`] does.
    ///
    /// # Errors
    /// As there; or it is a head alone.
    pub fn open(path: &Path, wanted: &Wanted) -> Result<Self, CheckpointError> {
        match Opened::open(path, wanted)? {
            Opened::Whole(checkpoint) => Ok(*checkpoint),
            Opened::Head(_) => {
                let file =
                    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                Err(CheckpointError::new(path, S3prlProblem::Alone { file }))
            }
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
