//! Checkpoints to one verified file.

use std::path::{Path, PathBuf};

use wavlm_format::{Agreement, Destination, ExportReport, FormatError, ModelFile, Precision, WriteError};
use wavlm_runtime::Model;

use crate::agreement::Agreements;
use crate::audio::Recording;
use crate::calibration;
use crate::canonical::{CanonicalError, CanonicalModel, CutError, MergeError};
use crate::checkpoint::{Checkpoint, CheckpointError, Wanted};
use crate::equalise::equalise;
use crate::extent;
use crate::file::{self, Prepared, Provenance};
use crate::oracle::Oracle;
#[cfg(feature = "onnx")]
use crate::original::{self, OriginalError};
use crate::progress::Progress;
use crate::reference::{Output, Reference};
use crate::verify::{self, VerifyError};

/// A checkpoint's folder, and what its head is to be called.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the head; `None` names it after its kind.
    pub name: Option<String>,
    /// The folder.
    pub folder: PathBuf,
}

/// How to convert.
#[derive(Clone, Debug)]
pub struct Options {
    /// Arithmetic of the file.
    pub precision: Precision,
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
    for Source { name, folder } in sources {
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
        match &mut merged {
            None => merged = Some(model),
            Some(merged) => merged.add_head_of(model, &folder.display().to_string())?,
        }
        progress.advance();
    }
    Ok(merged.expect("at least one source"))
}

/// The first layers of a model alone, and how close the outputs of its heads are to those of all layers.
///
/// # Errors
/// A head needs the layers that would be cut off.
pub fn cut(
    model: &CanonicalModel,
    layers: u32,
    recordings: &[Recording],
) -> Result<(CanonicalModel, Vec<Agreement>), ConvertError> {
    let shorter = model.cut(layers)?;
    let mut agreements = Agreements::default();
    let (whole, part) = (Oracle::new(model), Oracle::new(&shorter));
    for recording in extent::fit(&model.encoder, &model.heads, recordings).recordings {
        let (Ok(expected), Ok(found)) = (whole.outputs(&recording.samples), part.outputs(&recording.samples))
        else {
            continue;
        };
        let of_a_head = expected.iter().filter(|output| output.head.is_some());
        for expected in of_a_head {
            let same = |found: &&Output| (&found.head, &found.name) == (&expected.head, &expected.name);
            if let (Some(found), Some(head)) = (found.iter().find(same), &expected.head) {
                agreements.add(&format!("{head}.{}", expected.name), &found.values, &expected.values);
            }
        }
    }
    Ok((shorter, agreements.into_lines()))
}

/// Packs the model, verifies the result in memory against the reference on the recordings, and writes it to `path`:
/// whole or not at all.
///
/// # Errors
/// The file cannot be made or written, or does not compute what the reference does.
pub fn write(
    model: &CanonicalModel,
    reference: &dyn Reference,
    options: &Options,
    recordings: &[Recording],
    path: &Path,
    progress: &dyn Progress,
) -> Result<ExportReport, ConvertError> {
    // Better said before a minute's work than after.
    Destination::of(path).map_err(|cause| WriteError::Io { path: path.to_owned(), cause })?;
    progress.begin("packing", model.tensors.iter().len());
    let prepared = match options.precision {
        Precision::Int8 => Prepared { replacements: equalise(model), ..Prepared::default() },
        Precision::Int4 => {
            Prepared { replacements: equalise(model), inputs: calibration::inputs(model, recordings) }
        }
        Precision::F32 => Prepared::default(),
    };
    let mut writer =
        file::build(model, &prepared, options.precision, &options.provenance, || progress.advance())?;

    let written = Model::from_file(ModelFile::from_bytes(writer.to_bytes()?)?.into());
    let fail = |cause| ConvertError::Verify { path: path.to_owned(), cause };
    let report = verify::compare(model, reference, &written, recordings, progress).map_err(fail)?;
    match verify::judge(&report, model, options.precision) {
        Err(cause) if options.force => progress.note(&cause.to_string()),
        judgement => judgement.map_err(fail)?,
    }
    writer.set_report(report.clone());
    writer.finish(path)?;
    Ok(report)
}
