//! The rest of an epilogue, after a tile has scaled its sums and added the bias: from the first cache to the output.

use super::activation::activate;
use crate::PANEL;
use crate::types::{Activation, Epilogue, MatMut};

/// What a tile's values go through.
#[derive(Clone, Copy)]
pub(crate) struct Finish {
    /// Vectors per row.
    pub(crate) panels: usize,
    pub(crate) activation: Option<Activation>,
    /// Add to the output instead of overwriting it.
    pub(crate) accumulate: bool,
}

impl Finish {
    pub(crate) fn new(panels: usize, e: &Epilogue) -> Self {
        Self { panels, activation: e.activation, accumulate: e.accumulate }
    }
}

/// Activation, then the store or the addition to `out`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish(f: Finish, values: &mut [[f32; PANEL]], mut out: MatMut) {
    let values = &mut values[..out.rows() * f.panels];
    if let Some(activation) = f.activation {
        activate(activation, values.as_flattened_mut());
    }
    for (i, row) in values.chunks_exact(f.panels).enumerate() {
        let (whole, rest) = out.row_mut(i).as_chunks_mut::<PANEL>();
        if f.accumulate {
            for (out, values) in whole.iter_mut().zip(row) {
                out.iter_mut().zip(values).for_each(|(out, x)| *out += x);
            }
        } else {
            whole.iter_mut().zip(row).for_each(|(out, values)| *out = *values);
        }
        if let Some(last) = row.get(whole.len()) {
            let last = rest.iter_mut().zip(last);
            if f.accumulate {
                last.for_each(|(out, x)| *out += x);
            } else {
                last.for_each(|(out, x)| *out = *x);
            }
        }
    }
}
