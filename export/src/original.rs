//! An ONNX graph against the model that was recognised in it: tract-onnx runs the one, the oracle evaluates the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use ndarray::ArrayD;
use tract_onnx::prelude::{
    InferenceModelExt, IntoRunnable, IntoTValue, Tensor, TractError, TractResult, TypedFact,
    TypedRunnableModel, tvec,
};
use wavlm_format::limits::MAX_SIZE;

use crate::agreement::measure;
use crate::audio::{self, Recording};
use crate::canonical::CanonicalModel;
use crate::checkpoint::OnnxFile;
use crate::checkpoint::onnx::{folder_of, load};
use crate::oracle::{Oracle, prepare};
use crate::reference::{Output, Reference, ReferenceError};

/// Largest difference relative to an output's largest value: both sides round, in different orders. A mistake costs far more.
pub const MAX_REL: f32 = 1e-3;

/// Frames of the three utterances, beyond the first: about a third of a second, two thirds, and a second of a standard stem.
const FRAMES: [usize; 3] = [16, 33, 49];

/// Why a graph and what was recognised in it are not the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OriginalError {
    /// tract cannot run the graph.
    #[error("{}: the graph cannot be run to compare with it: {cause}", path.display())]
    Run {
        /// The file.
        path: PathBuf,
        /// tract's words.
        cause: String,
    },
    /// The utterance is too short for the model.
    #[error("{}: {cause}", path.display())]
    Reference {
        /// The file.
        path: PathBuf,
        /// What the model needs.
        cause: ReferenceError,
    },
    /// They compute different things.
    #[error(
        "{}: its output `{output}` differs from that of the model recognised in it by {max_rel:.1e} of its largest value, for \
         {samples} samples; this graph is not the WavLM that it looks like",
        path.display()
    )]
    Disagrees {
        /// The file.
        path: PathBuf,
        /// The output, as the runtime calls it.
        output: String,
        /// The difference.
        max_rel: f32,
        /// Samples of the utterance.
        samples: usize,
    },
}

/// Runs both at three lengths, or at the only one that the graph takes.
pub fn compare(file: &OnnxFile, model: &CanonicalModel) -> Result<(), OriginalError> {
    let oracle = Oracle::new(model);
    for samples in lengths(file, model) {
        let waveform = speech(samples);
        let reference = |cause| OriginalError::Reference { path: file.path.clone(), cause };
        // What stands before the graph is not in it.
        let prepared = prepare(&waveform, samples, model.preprocessing);
        let expected = run(file, prepared.as_slice().unwrap_or_default())?;
        let found = oracle.outputs(&waveform).map_err(reference)?;
        for (output, expected) in expected {
            let of_output = |found: &&Output| found.name == output;
            let Some(found) = found.iter().find(of_output) else { continue };
            let same_size = found.values.len() == expected.len();
            let max_rel = match same_size {
                true => {
                    measure(
                        &output,
                        &found.values.flatten().into_dyn().into_owned(),
                        &expected.flatten().into_dyn().into_owned(),
                    )
                    .max_rel
                }
                false => f32::INFINITY,
            };
            // Not-a-number agrees with nothing.
            if max_rel.is_nan() || max_rel > MAX_REL {
                return Err(OriginalError::Disagrees { path: file.path.clone(), output, max_rel, samples });
            }
        }
    }
    Ok(())
}

fn lengths(file: &OnnxFile, model: &CanonicalModel) -> Vec<usize> {
    if let Some(samples) = file.samples {
        return vec![samples];
    }
    let stem = &model.encoder.stem;
    let hop = stem.iter().fold(1_usize, |hop, conv| hop.saturating_mul(conv.stride as usize));
    let shortest = stem.iter().rev().fold(1_usize, |samples, conv| {
        (samples - 1).saturating_mul(conv.stride as usize).saturating_add(conv.kernel as usize)
    });
    let longest = MAX_SIZE as usize;
    FRAMES
        .iter()
        .map(|frames| shortest.saturating_add(frames * hop).saturating_add(hop / 3).min(longest))
        .collect()
}

/// Speech of so many samples, from the recordings that come with the program.
fn speech(samples: usize) -> Vec<f32> {
    let all: Vec<f32> = audio::bundled().into_iter().flat_map(|Recording { samples, .. }| samples).collect();
    // Speech begins after a little silence.
    all.iter().copied().cycle().skip(all.len() / 8).take(samples).collect()
}

/// The graph's outputs that are known.
fn run(file: &OnnxFile, waveform: &[f32]) -> Result<Vec<(String, ArrayD<f32>)>, OriginalError> {
    let fail = |cause: String| OriginalError::Run { path: file.path.clone(), cause };
    let ran = catch_unwind(AssertUnwindSafe(|| try_run(file, waveform)));
    let ran = ran.map_err(|_| fail("tract gave up on it".to_owned()))?;
    ran.map_err(|error| fail(format!("{error:#}").lines().next().unwrap_or_default().to_owned()))
}

fn try_run(file: &OnnxFile, waveform: &[f32]) -> TractResult<Vec<(String, ArrayD<f32>)>> {
    let onnx = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
    let proto = load(&file.path).map_err(|problem| TractError::msg(problem.to_string()))?;
    let model = onnx.parse(&proto, folder_of(&file.path).ok())?.model;
    drop(proto);
    let input = Tensor::from_shape(&[1, waveform.len()], waveform)?;
    let model = model.with_input_fact(0, TypedFact::dt_shape(input.datum_type(), input.shape()).into())?;
    let plan: std::sync::Arc<TypedRunnableModel> = model.into_optimized()?.into_runnable()?;
    let results = plan.run(tvec!(input.into_tvalue()))?;
    let mut outputs = Vec::new();
    for (index, name) in &file.outputs {
        let value = results.get(*index).ok_or_else(|| TractError::msg("an output is missing"))?;
        let value = value.cast_to::<f32>()?;
        let view = value.to_plain_array_view::<f32>()?;
        outputs.push((
            name.clone(),
            ArrayD::from_shape_vec(view.shape().to_vec(), view.iter().copied().collect())?,
        ));
    }
    Ok(outputs)
}
