//! A model to one verified file.

use std::path::Path;

use wavlm_format::{Destination, ExportReport, ModelFile, Precision, WriteError, Writer};
use wavlm_runtime::Model;

use super::{ConvertError, Options, Target};
use crate::audio::Recording;
use crate::canonical::CanonicalModel;
use crate::file;
use crate::progress::Progress;
use crate::quantise::calibration;
use crate::quantise::equalise::equalise;
use crate::quantise::smooth::smooth;
use crate::quantise::{Prepared, mixture};
use crate::reference::Reference;
use crate::verify;

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
