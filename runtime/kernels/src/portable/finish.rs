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

/// Where the values of a tile come from: a trait, not a closure, since its method must be inlined to be compiled for
/// the instruction set of its caller.
trait Source {
    /// 16 columns of a row, added to their bias.
    fn values(&self, row: usize, panel: usize, bias: &[f32; PANEL]) -> [f32; PANEL];
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

struct Integers<'a> {
    sums: &'a [[i32; PANEL]],
    scales: Scales<'a>,
}

impl Source for Integers<'_> {
    #[inline(always)]
    fn values(&self, row: usize, panel: usize, bias: &[f32; PANEL]) -> [f32; PANEL] {
        let sums = &self.sums[row * self.scales.columns.len() + panel];
        let (scale, offset) = (self.scales.rows[row], self.scales.offsets[row]);
        let (columns, weight_sums) = (&self.scales.columns[panel], &self.scales.weight_sums[panel]);
        let mut values = [0.0; PANEL];
        for i in 0..PANEL {
            let start = offset.mul_add(weight_sums[i], bias[i]);
            values[i] = (sums[i] as f32 * scale).mul_add(columns[i], start);
        }
        values
    }
}

struct Floats<'a> {
    sums: &'a [[f32; PANEL]],
    panels: usize,
}

impl Source for Floats<'_> {
    #[inline(always)]
    fn values(&self, row: usize, panel: usize, bias: &[f32; PANEL]) -> [f32; PANEL] {
        let mut values = self.sums[row * self.panels + panel];
        for i in 0..PANEL {
            values[i] += bias[i];
        }
        values
    }
}

/// Finishes integer sums `[row][panel]`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish_i8(f: Finish, scales: Scales, sums: &[[i32; PANEL]], out: MatMut) {
    finish(f, Integers { sums, scales }, out);
}

/// Finishes f32 sums `[row][panel]`, of `out`'s rows and columns alone.
#[inline(always)]
pub(crate) fn finish_f32(f: Finish, sums: &[[f32; PANEL]], out: MatMut) {
    finish(f, Floats { sums, panels: f.bias.len() }, out);
}

#[inline(always)]
fn finish(f: Finish, source: impl Source, out: MatMut) {
    match f.activation {
        None => store(f, identity, source, out),
        Some(Activation::Gelu) => store(f, gelu, source, out),
        Some(Activation::GeluNew) => store(f, gelu_new, source, out),
        Some(Activation::Relu) => store(f, relu, source, out),
        Some(Activation::Silu) => store(f, silu, source, out),
        Some(Activation::Tanh) => store(f, tanh, source, out),
    }
}

#[inline(always)]
fn identity(x: f32) -> f32 {
    x
}

/// Bias, activation, and the store of whole vectors, and of the last one what the output has columns for.
#[inline(always)]
fn store(f: Finish, activation: impl Fn(f32) -> f32, source: impl Source, mut out: MatMut) {
    for row in 0..out.rows() {
        let (whole, rest) = out.row_mut(row).as_chunks_mut::<PANEL>();
        for (panel, bias) in f.bias.iter().enumerate() {
            let mut values = source.values(row, panel, bias);
            for value in &mut values {
                *value = activation(*value);
            }
            match whole.get_mut(panel) {
                Some(out) if f.accumulate => {
                    for i in 0..PANEL {
                        out[i] += values[i];
                    }
                }
                Some(out) => *out = values,
                None if f.accumulate => rest.iter_mut().zip(values).for_each(|(out, x)| *out += x),
                None => rest.iter_mut().zip(values).for_each(|(out, x)| *out = x),
            }
        }
    }
}
