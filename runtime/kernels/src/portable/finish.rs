//! The epilogue of a product: from a tile's sums in the first cache to the output, in one pass.
//!
//! Rows whose codes stand for `code · scale + offset` owe the product `offset · Σ_k weight`, which depends on the row
//! and the column alone; it is added here, so that the tiles need not know.

use super::activation::{gelu, gelu_new, relu, silu, tanh};
use crate::PANEL;
use crate::types::{Activation, Epilogue, MatMut};

/// What happens to a value between its sum and the output.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    pub(crate) activation: Option<Activation>,
    /// Add to the output instead of overwriting it.
    pub(crate) accumulate: bool,
    /// One vector per panel.
    pub(crate) bias: &'a [[f32; PANEL]],
}

impl<'a> Finish<'a> {
    pub(crate) fn new(e: &Epilogue, bias: &'a [[f32; PANEL]]) -> Self {
        Self { activation: e.activation, accumulate: e.accumulate, bias }
    }
}

/// What integer sums stand for: `sum · row scale · column scale + offset · weight sum`.
#[derive(Clone, Copy)]
pub(crate) struct Scales<'a> {
    /// One per row.
    pub(crate) rows: &'a [f32],
    /// One per row.
    pub(crate) offsets: &'a [f32],
    /// One vector per panel.
    pub(crate) columns: &'a [[f32; PANEL]],
    /// One vector per panel: what each column's weights sum to, scaled.
    pub(crate) weight_sums: &'a [[f32; PANEL]],
}

/// Finishes integer sums `[row][panel]`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish_i8(f: Finish, scales: Scales, sums: &[[i32; PANEL]], out: MatMut) {
    let panels = f.bias.len();
    let (columns, weight_sums, bias) = (scales.columns, &scales.weight_sums[..panels], f.bias);
    let columns = &columns[..panels];
    finish(f, out, |row, panel| {
        let (scale, offset, sums) = (scales.rows[row], scales.offsets[row], &sums[row * panels + panel]);
        let mut values = [0.0; PANEL];
        for i in 0..PANEL {
            let product = sums[i] as f32 * scale * columns[panel][i];
            values[i] = product + bias[panel][i] + offset * weight_sums[panel][i];
        }
        values
    });
}

/// Finishes f32 sums `[row][panel]`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish_f32(f: Finish, sums: &[[f32; PANEL]], out: MatMut) {
    let panels = f.bias.len();
    finish(f, out, |row, panel| {
        let (sums, bias) = (&sums[row * panels + panel], &f.bias[panel]);
        let mut values = [0.0; PANEL];
        for i in 0..PANEL {
            values[i] = sums[i] + bias[i];
        }
        values
    });
}

/// Activation, then the store of `value(row, panel)`.
#[inline(always)]
fn finish(f: Finish, out: MatMut, value: impl Fn(usize, usize) -> [f32; PANEL]) {
    let add = f.accumulate;
    match f.activation {
        None => store(add, out, value),
        Some(Activation::Gelu) => store(add, out, |row, panel| value(row, panel).map(gelu)),
        Some(Activation::GeluNew) => store(add, out, |row, panel| value(row, panel).map(gelu_new)),
        Some(Activation::Relu) => store(add, out, |row, panel| value(row, panel).map(relu)),
        Some(Activation::Silu) => store(add, out, |row, panel| value(row, panel).map(silu)),
        Some(Activation::Tanh) => store(add, out, |row, panel| value(row, panel).map(tanh)),
    }
}

/// Stores whole vectors, and of the last one what the output has columns for.
#[inline(always)]
fn store(add: bool, mut out: MatMut, value: impl Fn(usize, usize) -> [f32; PANEL]) {
    for row in 0..out.rows() {
        let (whole, rest) = out.row_mut(row).as_chunks_mut::<PANEL>();
        for (panel, out) in whole.iter_mut().enumerate() {
            let values = value(row, panel);
            if add {
                for i in 0..PANEL {
                    out[i] += values[i];
                }
            } else {
                *out = values;
            }
        }
        if !rest.is_empty() {
            let values = value(row, whole.len());
            for (out, value) in rest.iter_mut().zip(values) {
                *out = if add { *out + value } else { value };
            }
        }
    }
}
