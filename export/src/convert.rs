//! Checkpoints to one verified file.

use std::path::{Path, PathBuf};

use wavlm_format::{
    Agreement, Destination, ExportReport, FormatError, ModelFile, Precision, WriteError, Writer,
};
use wavlm_runtime::Model;

use crate::agreement::Agreements;
use crate::audio::Recording;
use crate::canonical::{CanonicalError, CanonicalModel, CutError, MergeError};
use crate::checkpoint::{Checkpoint, CheckpointError, HeadCheckpoint, Wanted};
use crate::extent;
use crate::file::{self, Provenance};
use crate::oracle::Oracle;
#[cfg(feature = "onnx")]
use crate::original::{self, OriginalError};
use crate::progress::Progress;
use crate::quantise::calibration;
use crate::quantise::equalise::equalise;
use crate::quantise::smooth::smooth;
use crate::quantise::{Prepared, mixture};
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
    let (precision, candidates) = candidates(model, options, recordings, path, progress)?;
    let fail = |cause| ConvertError::Verify { path: path.to_owned(), cause };
    let mut best: Option<(Writer<'_>, ExportReport)> = None;
    for prepared in &candidates {
        progress.begin("packing", model.tensors.iter().len());
        let advance = || progress.advance();
        let mut writer = file::build(model, prepared, precision, &options.provenance, advance)?;
        let written = Model::from_file(ModelFile::from_bytes(writer.to_bytes()?)?.into());
        let report = verify::compare(model, reference, &written, recordings, progress).map_err(fail)?;
        let distance = |report| verify::distance(report, model);
        if best.as_ref().is_none_or(|(_, best)| distance(&report) < distance(best)) {
            writer.set_report(report.clone());
            best = Some((writer, report));
        }
    }
    let (writer, report) = best.expect("one candidate at least");
    match verify::judge(&report, model, precision) {
        Err(cause) if options.force => progress.note(&cause.to_string()),
        judgement => judgement.map_err(fail)?,
    }
    writer.finish(path)?;
    Ok(report)
}

/// The arithmetic of the file, and the ways to round its weights of which the closest to the checkpoint is taken.
fn candidates(
    model: &CanonicalModel,
    options: &Options,
    recordings: &[Recording],
    path: &Path,
    progress: &dyn Progress,
) -> Result<(Precision, Vec<Prepared>), ConvertError> {
    let int8 = || {
        let equalised = Prepared { replacements: equalise(model), ..Prepared::default() };
        let smoothed = options.calibrated.then(|| {
            let mut replacements = equalised.replacements.clone();
            smooth(model, &mut replacements, &calibration::inputs(model, recordings));
            Prepared { replacements, ..Prepared::default() }
        });
        [equalised].into_iter().chain(smoothed).collect()
    };
    let int4 = || Prepared {
        replacements: equalise(model),
        inputs: calibration::inputs(model, recordings),
        ..Prepared::default()
    };
    Ok(match options.target {
        Target::Precision(Precision::F32) => (Precision::F32, vec![Prepared::default()]),
        Target::Precision(Precision::Int8) => (Precision::Int8, int8()),
        Target::Precision(Precision::Int4) => (Precision::Int4, vec![int4()]),
        Target::Length(wanted) => {
            let length =
                |precision| file::length(model, &Prepared::default(), precision, &options.provenance);
            if length(Precision::Int8)? <= wanted {
                (Precision::Int8, int8())
            } else {
                let least = length(Precision::Int4)?;
                let Some(spare) = wanted.checked_sub(least) else {
                    return Err(ConvertError::Budget { path: path.to_owned(), wanted, least });
                };
                let sensitivities = mixture::sensitivities(model, recordings, progress);
                let wide = mixture::wide(model, &sensitivities, spare);
                let (wider, all) = (wide.len(), sensitivities.len());
                progress.note(&format!("{wider} of {all} linear layers have 8 bits, the others 4"));
                (Precision::Int4, vec![Prepared { wide, ..int4() }])
            }
        }
    })
}
