//! A written file against the checkpoint it was made from.

use wavlm_format::{Agreement, ExportReport, Head, Precision};
use wavlm_runtime::{Model, SessionOptions};

use crate::agreement::Agreements;
use crate::audio::Recording;
use crate::canonical::CanonicalModel;
use crate::extent;
use crate::progress::Progress;
use crate::reference::{Output, Reference, ReferenceError};

/// Smallest cosine between an output of an int8 file and its checkpoint's at which the file is worth having.
/// Random checkpoints of every published architecture stay above 0.999; a mistake in a layer's scale falls below.
pub const MIN_COSINE_INT8: f32 = 0.995;

/// The same of an int4 file. Random checkpoints of the published architectures stay above 0.98.
pub const MIN_COSINE_INT4: f32 = 0.95;

/// Largest error of an f32 file's output, relative to the output's largest value. Both sides round, and weights can amplify
/// that: it came to 2.2e-4 in one of 200 random checkpoints. A mistake costs far more.
pub const MAX_REL_F32: f32 = 1e-3;

/// Why a file could not be compared with its checkpoint, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The runtime cannot run the file.
    #[error("the runtime refuses the file: {0}")]
    Runtime(#[from] wavlm_runtime::Error),
    /// A recording is too short for the model.
    #[error("{name}: {cause}; choose longer recordings")]
    Recording {
        /// The recording.
        name: String,
        /// What the model needs.
        cause: ReferenceError,
    },
    /// Another model altogether.
    #[error("the file was not made from this checkpoint: their configurations differ")]
    Configuration,
    /// The file lacks a head of the checkpoint, or it cannot be told which is meant.
    #[error("the file has no head `{0}`; name the file's head for each checkpoint, as NAME=SRC")]
    NoHead(String),
    /// An output of the checkpoint does not exist in the file, or has another shape there.
    #[error("output `{0}` of the checkpoint has no counterpart of the same shape in the file")]
    Output(String),
    /// An output is too far from the checkpoint's.
    #[error(
        "output `{tensor}` has cosine {cosine:.5} and relative error {max_rel:.1e} to the checkpoint's; \
         expected {bar}; {advice}, or write it all the same with --force"
    )]
    TooFar {
        /// The output.
        tensor: String,
        /// Its smallest cosine.
        cosine: f32,
        /// Its largest error, relative to its largest value.
        max_rel: f32,
        /// What would have passed.
        bar: String,
        /// What to try.
        advice: &'static str,
    },
}

/// Runs file and reference on what [`extent`] leaves of every recording. `model` is what the reference evaluates. The
/// file may have more heads than the model; a head without a namesake is compared with the only one of its kind.
///
/// # Errors
/// The file is of another model, or cannot be run.
pub fn compare(
    model: &CanonicalModel,
    reference: &dyn Reference,
    file: &Model,
    recordings: &[Recording],
    progress: &dyn Progress,
) -> Result<ExportReport, VerifyError> {
    let heads = &file.header().heads;
    if model.encoder != file.header().encoder || model.preprocessing != file.header().preprocessing {
        return Err(VerifyError::Configuration);
    }
    let extent = extent::fit(&model.encoder, heads, recordings);
    if let Some(left_out) = &extent.left_out {
        progress.note(left_out);
    }
    progress.begin("comparing", extent.recordings.len());
    let options = SessionOptions { base: true, hidden_states: true, ..SessionOptions::default() };
    let mut session = file.session(&options)?;
    let mut agreements = Agreements::default();
    for recording in &extent.recordings {
        let expected = reference
            .outputs(&recording.samples)
            .map_err(|cause| VerifyError::Recording { name: recording.name.clone(), cause })?;
        let found = session.run(&recording.samples)?;
        for Output { head, name, values: expected } in expected {
            let head = head.map(|head| counterpart(&head, model, heads).map(str::to_owned)).transpose()?;
            let tensor = match head {
                Some(head) if heads.len() > 1 => format!("{head}.{name}"),
                _ => name,
            };
            let found = found.get(&tensor).filter(|found| found.shape() == expected.shape());
            let found = found.ok_or_else(|| VerifyError::Output(tensor.clone()))?;
            agreements.add(&tensor, found, &expected);
        }
        progress.advance();
    }
    let seconds = extent.recordings.iter().map(Recording::seconds).sum();
    Ok(ExportReport { seconds, tensors: agreements.into_lines() })
}

/// The name in the file of the checkpoint's head.
fn counterpart<'a>(name: &str, model: &CanonicalModel, in_file: &'a [Head]) -> Result<&'a str, VerifyError> {
    if let Some(same) = in_file.iter().find(|head| head.name == name) {
        return Ok(&same.name);
    }
    let own = model.heads.iter().find(|head| head.name == name);
    let mut same_kind = in_file.iter().filter(|head| own.is_some_and(|own| own.kind == head.kind));
    match (same_kind.next(), same_kind.next()) {
        (Some(only), None) => Ok(&only.name),
        _ => Err(VerifyError::NoHead(name.to_owned())),
    }
}

/// The lines of what the model is there for: what its heads give, or the last hidden state if it has none.
fn results<'a>(report: &'a ExportReport, model: &CanonicalModel) -> impl Iterator<Item = &'a Agreement> {
    let headless = model.heads.is_empty();
    report.tensors.iter().filter(move |line| match headless {
        true => line.tensor == "last_hidden_state",
        false => line.tensor.ends_with("logits") || line.tensor.ends_with("embeddings"),
    })
}

/// How far the results are from the checkpoint's: what their cosines lack to 1, together.
pub fn distance(report: &ExportReport, model: &CanonicalModel) -> f32 {
    results(report, model).map(|line| 1.0 - line.cosine).sum()
}

/// Whether every result of the report is as close as a file of that precision should be.
pub fn judge(report: &ExportReport, model: &CanonicalModel, precision: Precision) -> Result<(), VerifyError> {
    for line in results(report, model) {
        let (good, bar, advice) = match precision {
            Precision::Int4 => (
                line.cosine >= MIN_COSINE_INT4,
                format!("a cosine of {MIN_COSINE_INT4} or more"),
                "try --precision int8",
            ),
            Precision::Int8 => (
                line.cosine >= MIN_COSINE_INT8,
                format!("a cosine of {MIN_COSINE_INT8} or more"),
                "try --precision f32",
            ),
            Precision::F32 => (
                line.max_rel <= MAX_REL_F32,
                format!("a relative error of {MAX_REL_F32:e} or less"),
                "report this with the checkpoint's config.json",
            ),
        };
        if !good {
            let (tensor, cosine, max_rel) = (line.tensor.clone(), line.cosine, line.max_rel);
            return Err(VerifyError::TooFar { tensor, cosine, max_rel, bar, advice });
        }
    }
    Ok(())
}
