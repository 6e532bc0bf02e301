//! The epilogue of a product: from a tile's sums in the first cache to the output, in one pass.
//!
//! Rows whose codes stand for `code · scale + offset` owe the product `offset · Σ_k weight`, which depends on the row
//! and the column alone; it is added here, so that the tiles need not know.

use super::activation::{gelu, gelu_new, map, relu, silu, tanh};
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
    pub(crate) scaled_sums: &'a [[f32; PANEL]],
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

/// Where the values of a tile come from: a trait, not a closure, since its methods must be inlined to be compiled for
/// the instruction set of their caller.
trait Source {
    /// What all rows of a panel share.
    type Columns;

    fn columns(&self, panel: usize, bias: [f32; PANEL]) -> Self::Columns;

    /// 16 columns of a row, the bias added.
    fn values(&self, columns: &Self::Columns, row: usize, panel: usize) -> [f32; PANEL];
}

struct Integers<'a> {
    sums: &'a [[i32; PANEL]],
    scales: Scales<'a>,
}

struct IntegerColumns {
    scales: [f32; PANEL],
    scaled_sums: [f32; PANEL],
    bias: [f32; PANEL],
}

impl Source for Integers<'_> {
    type Columns = IntegerColumns;

    #[inline(always)]
    fn columns(&self, panel: usize, bias: [f32; PANEL]) -> IntegerColumns {
        let Scales { columns, scaled_sums, .. } = self.scales;
        IntegerColumns { scales: columns[panel], scaled_sums: scaled_sums[panel], bias }
    }

    #[inline(always)]
    fn values(&self, columns: &IntegerColumns, row: usize, panel: usize) -> [f32; PANEL] {
        let sums = &self.sums[row * self.scales.columns.len() + panel];
        let (scale, offset) = (self.scales.rows[row], self.scales.offsets[row]);
        let mut values = [0.0; PANEL];
        for i in 0..PANEL {
            let start = offset.mul_add(columns.scaled_sums[i], columns.bias[i]);
            values[i] = (sums[i] as f32 * scale).mul_add(columns.scales[i], start);
        }
        values
    }
}

struct Floats<'a> {
    sums: &'a [[f32; PANEL]],
    panels: usize,
}

impl Source for Floats<'_> {
    /// The bias.
    type Columns = [f32; PANEL];

    #[inline(always)]
    fn columns(&self, _: usize, bias: [f32; PANEL]) -> [f32; PANEL] {
        bias
    }

    #[inline(always)]
    fn values(&self, bias: &[f32; PANEL], row: usize, panel: usize) -> [f32; PANEL] {
        let mut values = self.sums[row * self.panels + panel];
        for i in 0..PANEL {
            values[i] += bias[i];
        }
        values
    }
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

/// Activation, and the store of whole vectors, and of the last one what the output has columns for.
#[inline(always)]
fn store(f: Finish, activation: impl Fn(f32) -> f32 + Copy, source: impl Source, mut out: MatMut) {
    for (panel, &bias) in f.bias.iter().enumerate() {
        let columns = source.columns(panel, bias);
        let range = panel * PANEL..out.columns().min((panel + 1) * PANEL);
        for row in 0..out.rows() {
            let values = map(source.values(&columns, row, panel), activation);
            let to = &mut out.row_mut(row)[range.clone()];
            match <&mut [f32; PANEL]>::try_from(&mut *to) {
                Ok(to) if f.accumulate => {
                    for i in 0..PANEL {
                        to[i] += values[i];
                    }
                }
                Ok(to) => *to = values,
                Err(_) if f.accumulate => to.iter_mut().zip(values).for_each(|(to, x)| *to += x),
                Err(_) => to.iter_mut().zip(values).for_each(|(to, x)| *to = x),
            }
        }
    }
}
