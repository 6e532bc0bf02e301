//! The epilogue of a product: from a tile's sums in the first cache to the output, in one pass.
//!
//! Where codes stand for `code · scale + offset`, the product has one more term, `offset · Σ_k weight`. It depends on the
//! row and the column alone, so it is added here, and the tiles know nothing of it.

use super::activation::{gelu, gelu_new, map, relu, selu, silu, tanh};
use crate::layout::PANEL;
use crate::tile::{Finish, Scales};
use crate::types::{Activation, MatMut};

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
    /// What a row has of its own.
    type Row: Copy;

    fn columns(&self, panel: usize, bias: [f32; PANEL]) -> Self::Columns;

    /// The rows of a panel, from the first.
    fn rows(&self, panel: usize) -> impl Iterator<Item = Self::Row>;

    /// 16 columns of a row, the bias added.
    fn values(columns: &Self::Columns, row: Self::Row) -> [f32; PANEL];
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

impl<'a> Source for Integers<'a> {
    type Columns = IntegerColumns;
    /// Sums, scale and offset.
    type Row = (&'a [i32; PANEL], f32, f32);

    #[inline(always)]
    fn columns(&self, panel: usize, bias: [f32; PANEL]) -> IntegerColumns {
        let Scales { columns, scaled_sums, .. } = self.scales;
        IntegerColumns { scales: columns[panel], scaled_sums: scaled_sums[panel], bias }
    }

    #[inline(always)]
    fn rows(&self, panel: usize) -> impl Iterator<Item = Self::Row> {
        let Scales { rows, offsets, columns, .. } = self.scales;
        let sums = every(self.sums, columns.len(), panel);
        sums.zip(rows).zip(offsets).map(|((sums, &scale), &offset)| (sums, scale, offset))
    }

    #[inline(always)]
    fn values(columns: &IntegerColumns, (sums, scale, offset): Self::Row) -> [f32; PANEL] {
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

impl<'a> Source for Floats<'a> {
    /// The bias.
    type Columns = [f32; PANEL];
    type Row = &'a [f32; PANEL];

    #[inline(always)]
    fn columns(&self, _: usize, bias: [f32; PANEL]) -> [f32; PANEL] {
        bias
    }

    #[inline(always)]
    fn rows(&self, panel: usize) -> impl Iterator<Item = &'a [f32; PANEL]> {
        every(self.sums, self.panels, panel)
    }

    #[inline(always)]
    fn values(bias: &[f32; PANEL], sums: &[f32; PANEL]) -> [f32; PANEL] {
        let mut values = *sums;
        for i in 0..PANEL {
            values[i] += bias[i];
        }
        values
    }
}

/// A panel's vectors, from the first row's on.
#[inline(always)]
fn every<T>(vectors: &[T], panels: usize, panel: usize) -> impl Iterator<Item = &T> {
    vectors.chunks_exact(panels).map(move |row| &row[panel])
}

#[inline(always)]
fn finish(f: Finish, source: impl Source, out: MatMut) {
    match f.activation {
        None => store(f, identity, source, out),
        Some(Activation::Gelu) => store(f, gelu, source, out),
        Some(Activation::GeluNew) => store(f, gelu_new, source, out),
        Some(Activation::Relu) => store(f, relu, source, out),
        Some(Activation::Selu) => store(f, selu, source, out),
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
fn store<S: Source>(f: Finish, activation: impl Fn(f32) -> f32 + Copy, source: S, mut out: MatMut) {
    for (panel, &bias) in f.bias.iter().enumerate() {
        let columns = source.columns(panel, bias);
        let range = panel * PANEL..out.columns().min((panel + 1) * PANEL);
        let rows = 0..out.rows();
        debug_assert!(source.rows(panel).count() >= rows.len(), "sums, scales and offsets of every row");
        for (row, to) in source.rows(panel).zip(out.window(rows, range).into_rows()) {
            let values = map(S::values(&columns, row), activation);
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
