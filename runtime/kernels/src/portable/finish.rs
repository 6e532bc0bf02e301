//! The rest of an epilogue, after a tile has scaled its sums and added the bias: from the first cache to the output.
//!
//! Rows whose codes stand for `code · scale + offset` owe the product `offset · Σ_k weight`, which depends on the row
//! and the column alone; it is added here, so that the tiles need not know.

use super::activation::activate;
use crate::PANEL;
use crate::types::{Activation, Epilogue, MatMut};

/// What a tile's values go through.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Vectors per row.
    pub(crate) panels: usize,
    pub(crate) activation: Option<Activation>,
    /// Add to the output instead of overwriting it.
    pub(crate) accumulate: bool,
    /// One per row; none for products of f32 rows.
    pub(crate) offsets: &'a [f32],
    /// One vector per panel: what each column's weights sum to, scaled.
    pub(crate) weight_sums: &'a [[f32; PANEL]],
}

impl<'a> Finish<'a> {
    pub(crate) fn new(
        panels: usize,
        e: &Epilogue,
        offsets: &'a [f32],
        weight_sums: &'a [[f32; PANEL]],
    ) -> Self {
        Self { panels, activation: e.activation, accumulate: e.accumulate, offsets, weight_sums }
    }
}

/// What the offsets owe, activation, then the store or the addition to `out`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish(f: Finish, values: &mut [[f32; PANEL]], mut out: MatMut) {
    let values = &mut values[..out.rows() * f.panels];
    for (row, &offset) in values.chunks_exact_mut(f.panels).zip(f.offsets) {
        for (values, sums) in row.iter_mut().zip(f.weight_sums) {
            values.iter_mut().zip(sums).for_each(|(x, sum)| *x += offset * sum);
        }
    }
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
