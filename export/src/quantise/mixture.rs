//! Which linear layers have 8 bits in a file of 4, so that it has a given length: those to which the outputs are most
//! sensitive, for every byte that they take.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, ArrayD};
use rayon::prelude::*;
use wavlm_format::{Packing, Role};

use super::int4;
use crate::audio::Recording;
use crate::canonical::{CanonicalModel, CanonicalTensor};
use crate::extent;
use crate::oracle::Oracle;
use crate::progress::Progress;
use crate::reference::{Output, Reference};

/// Sound on which layers are measured, in samples: 1 s. Twice as much chose layers that were no better.
const MEASURED: usize = 16_000;

/// How far the outputs move when one linear weight alone is rounded to four bits: the squared difference of each output
/// relative to its own square, all outputs together. By the weight's name; 0 for all if no recording is long enough.
pub fn sensitivities(
    model: &CanonicalModel,
    recordings: &[Recording],
    progress: &dyn Progress,
) -> BTreeMap<String, f64> {
    let linear: Vec<&CanonicalTensor> =
        model.tensors.iter().filter(|tensor| tensor.role == Role::Linear).collect();
    let short = recordings.iter().take(1).map(|recording| Recording {
        name: recording.name.clone(),
        samples: recording.samples.iter().copied().take(MEASURED).collect(),
    });
    let short = extent::fit(&model.encoder, &model.heads, &short.collect::<Vec<_>>()).recordings;
    let outputs = |oracle: Oracle<'_>| -> Vec<Output> {
        let of = |recording: &Recording| oracle.outputs(&recording.samples).unwrap_or_default();
        short.iter().flat_map(of).filter(|output| output.is_result(!model.heads.is_empty())).collect()
    };
    let expected = outputs(Oracle::new(model));
    progress.begin("measuring layers", linear.len());
    let measured = linear.into_par_iter().map(|tensor| {
        let rounded = rounded(model, &tensor.name);
        let found = outputs(Oracle::new(model).with_weight(&tensor.name, &rounded));
        progress.advance();
        let moved = expected.iter().zip(&found).map(|(expected, found)| {
            let square = |values: &ArrayD<f32>| values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            square(&(&found.values - &expected.values)) / square(&expected.values).max(f64::MIN_POSITIVE)
        });
        (tensor.name.clone(), moved.sum())
    });
    measured.collect()
}

/// A weight as its four bits have it.
fn rounded(model: &CanonicalModel, name: &str) -> Array2<f32> {
    let matrix = model.tensors.matrix(name);
    int4::quantise_rows(matrix, None).weights(matrix.ncols())
}

/// The weights that have 8 bits where so many bytes are to spare beside a file that has them all in 4: by what they move the
/// outputs for each byte, the first that fit.
pub fn wide(
    model: &CanonicalModel,
    sensitivities: &BTreeMap<String, f64>,
    mut spare: u64,
) -> BTreeSet<String> {
    let mut choices: Vec<(f64, &str, u64)> = model
        .tensors
        .iter()
        .filter_map(|tensor| {
            let shape: Vec<u64> = tensor.values.shape().iter().map(|&size| size as u64).collect();
            let bytes = |packing: Packing| packing.byte_length(&shape);
            // Each starts at a multiple of 64 bytes.
            let more = bytes(Packing::PanelsI8)?.checked_sub(bytes(Packing::PanelsI4)?)?.next_multiple_of(64);
            let moved = sensitivities.get(&tensor.name)?;
            Some((moved / more.max(1) as f64, tensor.name.as_str(), more))
        })
        .collect();
    choices.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let mut wide = BTreeSet::new();
    for (_, name, more) in choices {
        if let Some(left) = spare.checked_sub(more) {
            spare = left;
            wide.insert(name.to_owned());
        }
    }
    wide
}
