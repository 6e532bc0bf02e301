//! One head over one utterance: scores, softmax and mix, a block of queries against a block of keys at a time.

use wavlm_kernels::{Kernels, MatMut};

use super::keys::{Keys, Queries};
use super::softmax::Softmax;
use super::values::Values;
use super::{Bias, KEY_BLOCK, QUERY_BLOCK, Qkv};
use crate::scratch::Scratch;

/// Keys and values of a head, packed as right operands of the two products.
pub(super) struct Head<'a> {
    kernels: &'static Kernels,
    qkv: Qkv<'a>,
    bias: Bias<'a>,
    /// Keys that may be attended to.
    valid: usize,
    keys: Keys,
    values: Values,
}

impl<'a> Head<'a> {
    /// Only the first `valid` frames are keys. Both products are int8 if `int8`.
    pub fn new(
        kernels: &'static Kernels,
        qkv: Qkv<'a>,
        bias: Bias<'a>,
        valid: usize,
        int8: bool,
    ) -> Head<'a> {
        let keys = Keys::new(kernels, qkv, valid, int8);
        let values = Values::new(kernels, qkv, valid, int8);
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
                let mixed = &mixed[query * head_dim..][..head_dim];
                kernels.scaled(1.0 / softmax.sum[query], mixed, context.row_mut(first + query));
            }
            if let Some(weights) = &mut weights {
                self.weights(&queries, &softmax, &mut scores, weights);
            }
        }
    }

    /// Values of a block of queries, each weighted by the power of its score: the mix but for the division by the sum.
    fn mix(&self, queries: &Queries<'_>, scores: &mut [f32], mixed: &mut [f32]) -> Softmax {
        let head_dim = self.qkv.head_dim;
        let mut softmax = Softmax::default();
        mixed.fill(0.0);
        for start in (0..self.valid).step_by(KEY_BLOCK) {
            let keys = KEY_BLOCK.min(self.valid - start);
            self.scores(queries, start, keys, scores);
            let mixed = MatMut::dense(mixed, queries.len(), head_dim);
            self.values.add_weighted(self.kernels, start, scores, &mut softmax, mixed);
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
        self.keys.add_products(self.kernels, queries, start, MatMut::dense(out, queries.len(), keys));
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
