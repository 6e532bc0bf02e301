//! Both operands of the mix, `softmax(scores) · value`: f32, or int8 with a range per query and per column of a block.

use wavlm_kernels::{Epilogue, Kernels, MatMut, PanelsF32, PanelsI8, RowsF32, RowsI8, pack, padded};

use super::softmax::Softmax;
use super::{KEY_BLOCK, QUERY_BLOCK, Qkv};
use crate::scratch::Scratch;

/// The values of one head, packed as the right operand.
pub(super) struct Values {
    count: usize,
    head_dim: usize,
    packed: Packed,
}

enum Packed {
    F32(Scratch<f32>),
    I8(Blocks),
}

impl Values {
    /// The first `count` values.
    pub fn new(kernels: &Kernels, qkv: Qkv<'_>, count: usize, int8: bool) -> Values {
        let head_dim = qkv.head_dim;
        let packed = if int8 {
            Packed::I8(Blocks::new(kernels, qkv, count))
        } else {
            let mut values = Scratch::new(padded(head_dim) * count);
            pack::transposed_f32_into(qkv.values, qkv.value_stride, count, head_dim, &mut values);
            Packed::F32(values)
        };
        Values { count, head_dim, packed }
    }

    /// Adds the values of a block of keys from `start` on to `mixed` `(queries, head_dim)`, each times the power of its
    /// score, and these powers to the softmax. `scores` `(queries, keys)` become unspecified.
    pub fn add_weighted(
        &self,
        kernels: &Kernels,
        start: usize,
        scores: &mut [f32],
        softmax: &mut Softmax,
        mut mixed: MatMut<'_>,
    ) {
        let (queries, keys) = (mixed.rows(), KEY_BLOCK.min(self.count - start));
        let rows = scores.chunks_exact_mut(keys).take(queries).enumerate();
        match &self.packed {
            Packed::F32(values) => {
                for (query, row) in rows {
                    softmax.raise(kernels, query, kernels.row_max(row), mixed.row_mut(query));
                    softmax.sum[query] += kernels.exp_sum(row, softmax.max[query]);
                }
                let values = PanelsF32::new(values, self.head_dim, self.count);
                let rows = RowsF32::new(scores, keys, queries);
                kernels.matmul_f32(&rows, &values.k_range(start..start + keys), &Epilogue::ADD, mixed);
            }
            Packed::I8(blocks) => {
                let width = padded(keys);
                let mut powers = Scratch::<u8>::new(queries * width);
                let (mut scales, mut offsets) = ([0.0; QUERY_BLOCK], [0.0; QUERY_BLOCK]);
                for ((query, row), powers) in rows.zip(powers.chunks_exact_mut(width)) {
                    let largest = kernels.row_max(row);
                    softmax.raise(kernels, query, largest, mixed.row_mut(query));
                    // Of the block's own largest, so that all codes are in use however far below the maximum it lies.
                    let (sum, quantisation) = kernels.exp_codes(row, largest, powers);
                    let power_of_largest = (largest - softmax.max[query]).exp();
                    softmax.sum[query] += power_of_largest * sum;
                    scales[query] = power_of_largest * quantisation.scale;
                    offsets[query] = power_of_largest * quantisation.offset;
                }
                let rows = RowsI8::new(&powers, width, &scales[..queries], &offsets[..queries]);
                kernels.matmul_i8(&rows, &blocks.panels(start, keys, self.head_dim), &Epilogue::ADD, mixed);
            }
        }
    }
}

/// int8 values, one block of keys after the other, each with ranges of its own.
struct Blocks {
    /// `[block][head_dim/16][keys/4][16][4]`, `head_dim` and keys padded.
    codes: Scratch<i8>,
    /// `[block][head_dim]`, padded.
    scales: Scratch<f32>,
    /// Of a column's codes: `[block][head_dim]`, padded.
    sums: Scratch<i32>,
}

impl Blocks {
    fn new(kernels: &Kernels, qkv: Qkv<'_>, count: usize) -> Blocks {
        let width = padded(qkv.head_dim);
        let blocks = count.div_ceil(KEY_BLOCK);
        let mut codes = Scratch::new(padded(count) * width);
        let (mut scales, mut sums) = (Scratch::new(blocks * width), Scratch::new(blocks * width));
        let columns = scales.chunks_exact_mut(width).zip(sums.chunks_exact_mut(width));
        for (block, (codes, (scales, sums))) in codes.chunks_mut(KEY_BLOCK * width).zip(columns).enumerate() {
            let first = block * KEY_BLOCK;
            let values = &qkv.values[first * qkv.value_stride..];
            let rows = RowsF32::new(values, qkv.value_stride, KEY_BLOCK.min(count - first));
            kernels.quantise_transposed(&rows, qkv.head_dim, codes, scales, sums);
        }
        Blocks { codes, scales, sums }
    }

    /// The values of `keys` keys from `start` on: one whole block.
    fn panels(&self, start: usize, keys: usize, head_dim: usize) -> PanelsI8<'_> {
        let width = padded(head_dim);
        let columns = start / KEY_BLOCK * width..(start / KEY_BLOCK + 1) * width;
        let codes = &self.codes[start * width..][..padded(keys) * width];
        PanelsI8::new(codes, &self.scales[columns.clone()], &self.sums[columns], head_dim, keys)
    }
}
