//! One head over one utterance: scores, softmax and mix, a block of queries against a block of keys at a time.

use wavlm_kernels::{Epilogue, Kernels, MatMut, PanelsF32, RowsF32, pack, padded};

use super::keys::{Keys, Queries};
use super::{Bias, Qkv};
use crate::scratch::Scratch;

/// Queries per block of scores.
const QUERY_BLOCK: usize = 32;
/// Keys per block of scores; a multiple of the panel width.
const KEY_BLOCK: usize = 256;

/// Keys and values of a head, packed as right operands of the two products.
pub(super) struct Head<'a> {
    kernels: &'static Kernels,
    qkv: Qkv<'a>,
    bias: Bias<'a>,
    /// Keys that may be attended to.
    valid: usize,
    keys: Keys,
    values: Scratch<f32>,
}

/// Largest score and sum of powers of every query of a block, over the keys so far.
struct Softmax {
    max: [f32; QUERY_BLOCK],
    sum: [f32; QUERY_BLOCK],
}

impl<'a> Head<'a> {
    /// Only the first `valid` frames are keys. Scores are int8 products if `int8`.
    pub fn new(
        kernels: &'static Kernels,
        qkv: Qkv<'a>,
        bias: Bias<'a>,
        valid: usize,
        int8: bool,
    ) -> Head<'a> {
        let keys = Keys::new(kernels, qkv, valid, int8);
        let mut values = Scratch::new(padded(qkv.head_dim) * valid);
        pack::transposed_f32_into(qkv.values(), qkv.stride(), valid, qkv.head_dim, &mut values);
        Head { kernels, qkv, bias, valid, keys, values }
    }

    /// Mixes the values of all queries into `context` `(frames, head_dim)`; writes the softmax into `weights`
    /// `(frames, frames)` if they are wanted.
    pub fn attend(&self, mut context: MatMut<'_>, mut weights: Option<&mut [f32]>) {
        let (kernels, head_dim) = (self.kernels, self.qkv.head_dim);
        let mut scores = Scratch::<f32>::new(QUERY_BLOCK * KEY_BLOCK);
        let mut mixed = Scratch::<f32>::new(QUERY_BLOCK * head_dim);
        for first in (0..self.qkv.frames).step_by(QUERY_BLOCK) {
            let queries = Queries::new(kernels, self.qkv, first, QUERY_BLOCK, &self.keys);
            let softmax = self.mix(&queries, &mut scores, &mut mixed);
            for query in 0..queries.len() {
                let row = context.row_mut(first + query);
                row.copy_from_slice(&mixed[query * head_dim..][..head_dim]);
                kernels.scale(row, 1.0 / softmax.sum[query]);
            }
            if let Some(weights) = &mut weights {
                self.weights(&queries, &softmax, &mut scores, weights);
            }
        }
    }

    /// Values of a block of queries, each weighted by the power of its score: the mix but for the division by the sum.
    fn mix(&self, queries: &Queries<'_>, scores: &mut [f32], mixed: &mut [f32]) -> Softmax {
        let (kernels, head_dim) = (self.kernels, self.qkv.head_dim);
        let values = PanelsF32::new(&self.values, head_dim, self.valid);
        let mut softmax = Softmax { max: [f32::NEG_INFINITY; QUERY_BLOCK], sum: [0.0; QUERY_BLOCK] };
        mixed.fill(0.0);
        for start in (0..self.valid).step_by(KEY_BLOCK) {
            let keys = KEY_BLOCK.min(self.valid - start);
            self.scores(queries, start, keys, scores);
            for query in 0..queries.len() {
                let row = &mut scores[query * keys..][..keys];
                let max = softmax.max[query].max(kernels.row_max(row));
                let correction = (softmax.max[query] - max).exp();
                softmax.sum[query] = softmax.sum[query] * correction + kernels.exp_sum(row, max);
                softmax.max[query] = max;
                kernels.scale(&mut mixed[query * head_dim..][..head_dim], correction);
            }
            let add = Epilogue { accumulate: true, ..Epilogue::default() };
            let out = MatMut::new(mixed, queries.len(), head_dim, head_dim);
            let rows = RowsF32::new(scores, keys, queries.len());
            kernels.matmul_f32(&rows, &values.k_range(start..start + keys), &add, out);
        }
        softmax
    }

    /// Biased scores `(queries, keys)` of keys from `start` on, dense in `out`.
    fn scores(&self, queries: &Queries<'_>, start: usize, keys: usize, out: &mut [f32]) {
        for query in 0..queries.len() {
            let index = queries.first() + query;
            let bias = self.bias.row(index, start, keys);
            self.kernels.scaled(self.bias.gate(index), bias, &mut out[query * keys..][..keys]);
        }
        self.keys.add_products(self.kernels, queries, start, MatMut::new(out, queries.len(), keys, keys));
    }

    /// Writes the softmax of a block of queries into `weights` `(frames, frames)`.
    fn weights(&self, queries: &Queries<'_>, softmax: &Softmax, scores: &mut [f32], weights: &mut [f32]) {
        for start in (0..self.valid).step_by(KEY_BLOCK) {
            let keys = KEY_BLOCK.min(self.valid - start);
            self.scores(queries, start, keys, scores);
            for query in 0..queries.len() {
                let row = &mut scores[query * keys..][..keys];
                self.kernels.exp_sum(row, softmax.max[query]);
                self.kernels.scale(row, 1.0 / softmax.sum[query]);
                weights[(queries.first() + query) * self.qkv.frames + start..][..keys].copy_from_slice(row);
            }
        }
    }
}
