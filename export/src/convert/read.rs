//! Checkpoints to one model.

use super::{ConvertError, Source};
use crate::canonical::CanonicalModel;
use crate::checkpoint::{Checkpoint, HeadCheckpoint, Wanted};
#[cfg(feature = "onnx")]
use crate::original;
use crate::progress::Progress;

/// Reads checkpoints into one model with the heads of all; the first gives the encoder.
///
/// # Panics
/// If there are no sources.
pub fn read(
    sources: &[Source],
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Result<CanonicalModel, ConvertError> {
    progress.begin("reading", sources.len());
    let mut merged: Option<CanonicalModel> = None;
    for source in sources {
        let model = match &merged {
            Some(encoder) => read_over(encoder, source, wanted, progress)?,
            None => read_one(source, wanted, progress)?,
        };
        let folder = &source.folder;
        match &mut merged {
            None => merged = Some(model),
            Some(merged) => merged.add_head_of(model, &folder.display().to_string())?,
        }
        progress.advance();
    }
    Ok(merged.expect("at least one source"))
}

/// Reads a checkpoint that has an encoder.
fn read_one(
    Source { name, folder }: &Source,
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Result<CanonicalModel, ConvertError> {
    let checkpoint = Checkpoint::open(folder, wanted)?;
    checkpoint.notes.iter().for_each(|note| progress.note(&format!("{}: {note}", folder.display())));
    #[cfg(feature = "onnx")]
    let graph = checkpoint.onnx.clone();
    let model = CanonicalModel::from_checkpoint(checkpoint, name.as_deref())
        .map_err(|cause| ConvertError::Canonical { folder: folder.clone(), cause })?;
    #[cfg(feature = "onnx")]
    if let Some(graph) = graph {
        original::compare(&graph, &model)?;
    }
    Ok(model)
}

/// Reads a checkpoint with an encoder of its own, or a head alone, over the encoder of an earlier one.
fn read_over(
    encoder: &CanonicalModel,
    source: &Source,
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Result<CanonicalModel, ConvertError> {
    let Source { name, folder } = source;
    let Some(head) = HeadCheckpoint::open(folder)? else { return read_one(source, wanted, progress) };
    head.notes.iter().for_each(|note| progress.note(&format!("{}: {note}", folder.display())));
    CanonicalModel::of_head(head, name.as_deref(), encoder)
        .map_err(|cause| ConvertError::Canonical { folder: folder.clone(), cause })
}
