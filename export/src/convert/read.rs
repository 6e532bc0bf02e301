//! Checkpoints to one model.

use super::{ConvertError, Source};
use crate::canonical::CanonicalModel;
use crate::checkpoint::{Checkpoint, HeadCheckpoint, Opened, Wanted};
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
        merged = Some(match merged {
            None => whole(Checkpoint::open(&source.folder, wanted)?, source, progress)?,
            Some(mut merged) => {
                let model = match Opened::open(&source.folder, wanted)? {
                    Opened::Whole(checkpoint) => whole(*checkpoint, source, progress)?,
                    Opened::Head(head) => over(&merged, *head, source, progress)?,
                };
                merged.add_head_of(model, &source.folder.display().to_string())?;
                merged
            }
        });
        progress.advance();
    }
    Ok(merged.expect("at least one source"))
}

/// The model of a checkpoint that has an encoder.
fn whole(
    checkpoint: Checkpoint,
    source: &Source,
    progress: &dyn Progress,
) -> Result<CanonicalModel, ConvertError> {
    tell(&checkpoint.notes, source, progress);
    #[cfg(feature = "onnx")]
    let graph = checkpoint.onnx.clone();
    let model = CanonicalModel::from_checkpoint(checkpoint, source.name.as_deref())
        .map_err(|cause| ConvertError::Canonical { folder: source.folder.clone(), cause })?;
    #[cfg(feature = "onnx")]
    if let Some(graph) = graph {
        original::compare(&graph, &model)?;
    }
    Ok(model)
}

/// The model of a head alone, over the encoder of an earlier checkpoint.
fn over(
    encoder: &CanonicalModel,
    head: HeadCheckpoint,
    source: &Source,
    progress: &dyn Progress,
) -> Result<CanonicalModel, ConvertError> {
    tell(&head.notes, source, progress);
    CanonicalModel::of_head(head, source.name.as_deref(), encoder)
        .map_err(|cause| ConvertError::Canonical { folder: source.folder.clone(), cause })
}

/// What whoever converts a checkpoint should know.
fn tell(notes: &[String], source: &Source, progress: &dyn Progress) {
    notes.iter().for_each(|note| progress.note(&format!("{}: {note}", source.folder.display())));
}
