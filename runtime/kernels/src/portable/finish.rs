//! The epilogue of a tile: from sums in the first cache to the output.

use super::activation::activate;
use crate::PANEL;
use crate::types::{Activation, MatMut};

/// What a tile's values go through.
pub(crate) struct Finish<'a> {
    /// Vectors per row.
    pub(crate) panels: usize,
    /// One vector per panel.
    pub(crate) bias: &'a [[f32; PANEL]],
    pub(crate) activation: Option<Activation>,
    pub(crate) accumulate: bool,
}

/// `sum · row scale · column scale`, then [`finish_f32`].
#[inline(always)]
pub(crate) fn finish_i8(
    sums: &[[i32; PANEL]],
    (row_scales, column_scales): (&[f32], &[f32]),
    values: &mut [[f32; PANEL]],
    f: &Finish,
    out: MatMut,
) {
    let column_scales = column_scales.as_chunks::<PANEL>().0;
    let rows = sums.chunks_exact(f.panels).zip(values.chunks_exact_mut(f.panels));
    for ((sums, values), row_scale) in rows.zip(row_scales) {
        for ((sums, values), column_scales) in sums.iter().zip(values).zip(column_scales) {
            for i in 0..PANEL {
                values[i] = sums[i] as f32 * row_scale * column_scales[i];
            }
        }
    }
    finish_f32(values, f, out);
}

/// Bias, activation, and the store or the addition to `out`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish_f32(values: &mut [[f32; PANEL]], f: &Finish, mut out: MatMut) {
    let values = &mut values[..out.rows() * f.panels];
    for row in values.chunks_exact_mut(f.panels) {
        for (values, bias) in row.iter_mut().zip(f.bias) {
            for i in 0..PANEL {
                values[i] += bias[i];
            }
        }
    }
    if let Some(activation) = f.activation {
        activate(activation, values.as_flattened_mut());
    }
    for (i, row) in values.chunks_exact(f.panels).enumerate() {
        let out = out.row_mut(i);
        let row = &row.as_flattened()[..out.len()];
        if f.accumulate {
            out.iter_mut().zip(row).for_each(|(out, x)| *out += x);
        } else {
            out.copy_from_slice(row);
        }
    }
}
