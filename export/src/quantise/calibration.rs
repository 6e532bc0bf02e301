//! What the linear layers of a model read when people speak: rounding their weights minds it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ndarray::{Array2, Axis, concatenate};

use crate::audio::Recording;
use crate::canonical::CanonicalModel;
use crate::extent;
use crate::oracle::Oracle;

/// Frames that are kept of each layer: more change little, and take time.
const MAX_FRAMES: usize = 384;

/// Inputs of linear layers (frames, columns), by the name of the weight.
pub type Inputs = BTreeMap<String, Array2<f32>>;

/// What the oracle's linear layers read on the recordings. Recordings that are too short for the model tell nothing.
pub fn inputs(model: &CanonicalModel, recordings: &[Recording]) -> Inputs {
    let seen = RefCell::new(BTreeMap::<String, Vec<Array2<f32>>>::new());
    let oracle = Oracle::new(model).watched_by(&seen);
    for recording in extent::fit(&model.encoder, &model.heads, recordings).recordings {
        let _ = oracle.run(&recording.samples, None);
    }
    let joined = |(name, pieces): (String, Vec<Array2<f32>>)| {
        let views: Vec<_> = pieces.iter().map(|piece| piece.view()).collect();
        let all = concatenate(Axis(0), &views).ok()?;
        let step = all.nrows().div_ceil(MAX_FRAMES).max(1);
        let frames: Vec<usize> = (0..all.nrows()).step_by(step).collect();
        Some((format!("{name}.weight"), all.select(Axis(0), &frames)))
    };
    seen.into_inner().into_iter().filter_map(joined).collect()
}
