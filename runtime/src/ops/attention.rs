//! Self-attention with the gated relative position bias (`WavLMAttention`), with its residual.
//!
//! Scores exist for one block of queries against one block of keys at a time; the softmax is carried from block to
//! block (streaming softmax, Milakov and Gimelshein 2018), so memory grows with the frames, never with their square.

use tract_core::internal::*;
use wavlm_kernels::{Epilogue, Kernels, MatMut, PanelsF32, RowsF32, pack};

use super::{Block, floats, floats_mut, frames_of, lengths_of, owned};
use crate::engine::Engine;
use crate::matrix::{Matrix, Vector, Windows};
use crate::scratch::Scratch;

/// Queries per block of scores.
const QUERY_BLOCK: usize = 32;
/// Keys per block of scores; a multiple of the panel width.
const KEY_BLOCK: usize = 256;
/// Outputs of the gate's linear layer per head: two gates of four values each.
const GATE_ROWS: usize = 8;

/// `residual + out(attention(x))`.
///
/// Inputs: `x` `(batch, frames, channels)`, the table of [`PositionBias`](super::PositionBias), the residual if
/// `separate_residual` (else it is `x`), valid frames `(batch)` if `masked`.
/// Outputs: the hidden states, and the weights `(batch, heads, frames, frames)` if `weights`. These are the true
/// weights of each head; transformers returns their mean in every head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attention {
    pub engine: Engine,
    pub heads: usize,
    /// Queries, keys and values, stacked: `[1, 3 · channels, channels]`.
    pub qkv: (Matrix, Vector),
    pub out: (Matrix, Vector),
    /// `gru_rel_pos_linear`: `[1, 8, channels / heads]`.
    pub gate: (Matrix, Vector),
    /// `gru_rel_pos_const`, one per head.
    pub gate_const: Vector,
    pub separate_residual: bool,
    pub masked: bool,
    pub weights: bool,
}

impl Block for Attention {
    const NAME: &'static str = "Attention";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, frames, _] = inputs[0].shape.dims() else { bail!("expected (batch, frames, channels)") };
        let mut facts = tvec!(inputs[0].without_value());
        if self.weights {
            facts.push(f32::fact([batch.clone(), self.heads.to_dim(), frames.clone(), frames.clone()]));
        }
        Ok(facts)
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().context("an input of the attention is missing");
        let (x, table) = (next()?, next()?);
        let residual = if self.separate_residual { Some(next()?) } else { None };
        let lengths = if self.masked { Some(next()?) } else { None };

        let channels = self.out.0.rows();
        let (batch, frames) = frames_of(&x, channels)?;
        let lengths = lengths_of(lengths.as_ref(), batch, frames)?;
        ensure!(table.shape() == [self.heads, 2 * frames - 1], "position bias of another length");
        let mut weights = if self.weights {
            Some(Tensor::zero::<f32>(&[batch, self.heads, frames, frames])?)
        } else {
            None
        };

        let mut context = Scratch::<f32>::new(batch * frames * channels);
        let per_head = frames * frames;
        for (i, &valid) in lengths.iter().enumerate() {
            let row = i * frames * channels..(i + 1) * frames * channels;
            let weights = match &mut weights {
                Some(weights) => {
                    let row = &mut floats_mut(weights)?[i * self.heads * per_head..][..self.heads * per_head];
                    row.chunks_exact_mut(per_head).map(Some).collect()
                }
                None => (0..self.heads).map(|_| None).collect(),
            };
            let x = &floats(&x)?[row.clone()];
            self.mix(x, floats(&table)?, frames, valid, &mut context[row], weights);
        }

        let mut hidden = owned(residual.unwrap_or(x));
        ensure!(hidden.shape() == [batch, frames, channels], "input and residual differ in shape");
        let out = MatMut::new(floats_mut(&mut hidden)?, batch * frames, channels, channels);
        let (weight, bias) = &self.out;
        weight.apply(self.engine, Windows::dense(&context, channels), Some(bias), None, true, out);
        let mut outputs = tvec!(hidden.into_tvalue());
        outputs.extend(weights.map(Tensor::into_tvalue));
        Ok(outputs)
    }
}

impl Attention {
    /// Weighted values of every head of one utterance, side by side in `context` `(frames, channels)`.
    fn mix(
        &self,
        x: &[f32],
        table: &[f32],
        frames: usize,
        valid: usize,
        context: &mut [f32],
        weights: Vec<Option<&mut [f32]>>,
    ) {
        let channels = self.out.0.rows();
        let head_dim = channels / self.heads;
        let (weight, bias) = &self.qkv;
        let mut qkv = Scratch::<f32>::new(frames * 3 * channels);
        let out = MatMut::new(&mut qkv, frames, 3 * channels, 3 * channels);
        weight.apply(self.engine, Windows::dense(x, channels), Some(bias), None, false, out);
        let gates = self.gates(x);

        let windows = MatMut::new(context, frames, channels, channels).column_blocks(head_dim);
        self.engine.each(windows.zip(weights).enumerate(), |(head, (context, weights))| {
            let gates = &gates[head..];
            let table = &table[head * (2 * frames - 1)..][..2 * frames - 1];
            let values = &qkv[head * head_dim..];
            let head = Head::new(self.engine.kernels, values, channels, head_dim, frames, valid);
            head.attend(|query| (gates[query * self.heads], table), context, weights);
        });
    }

    /// `(frames, heads)`: how strongly each query takes the position bias, from the layer's input viewed as heads.
    fn gates(&self, x: &[f32]) -> Scratch<f32> {
        let (weight, bias) = &self.gate;
        let windows = Windows::dense(x, weight.columns());
        let mut projected = Scratch::<f32>::new(windows.rows * GATE_ROWS);
        let out = MatMut::new(&mut projected, windows.rows, GATE_ROWS, GATE_ROWS);
        weight.apply(self.engine, windows, Some(bias), None, false, out);
        let mut pairs = Scratch::<f32>::new(windows.rows * 2);
        for (pair, eight) in pairs.chunks_exact_mut(2).zip(projected.chunks_exact(GATE_ROWS)) {
            pair[0] = eight[..4].iter().sum();
            pair[1] = eight[4..].iter().sum();
        }
        self.engine.kernels.sigmoid(&mut pairs);
        let mut gates = Scratch::<f32>::new(windows.rows);
        let constants = self.gate_const.values().iter().cycle();
        for ((gate, pair), constant) in gates.iter_mut().zip(pairs.chunks_exact(2)).zip(constants) {
            *gate = pair[0] * (pair[1] * constant - 1.0) + 2.0;
        }
        gates
    }
}

/// One head over one utterance: its keys and values packed for the f32 tiles.
struct Head<'a> {
    kernels: &'static Kernels,
    /// Queries from the first value on, `stride` apart.
    queries: &'a [f32],
    stride: usize,
    head_dim: usize,
    frames: usize,
    /// Keys that may be attended to.
    valid: usize,
    keys: Scratch<f32>,
    values: Scratch<f32>,
}

impl<'a> Head<'a> {
    /// `qkv` starts at the head's first query; a frame's query, key and value lie `channels` apart.
    fn new(
        kernels: &'static Kernels,
        qkv: &'a [f32],
        channels: usize,
        head_dim: usize,
        frames: usize,
        valid: usize,
    ) -> Head<'a> {
        let stride = 3 * channels;
        let mut keys = Scratch::new(valid.next_multiple_of(16) * head_dim);
        pack::panels_f32_into(&qkv[channels..], stride, valid, head_dim, &mut keys);
        let mut values = Scratch::new(head_dim.next_multiple_of(16) * valid);
        pack::transposed_f32_into(&qkv[2 * channels..], stride, valid, head_dim, &mut values);
        Head { kernels, queries: qkv, stride, head_dim, frames, valid, keys, values }
    }

    /// Mixes the values of all queries into `context`; `bias` gives a query's gate and the table of distances.
    fn attend<'t>(
        &self,
        bias: impl Fn(usize) -> (f32, &'t [f32]),
        mut context: MatMut<'_>,
        mut weights: Option<&mut [f32]>,
    ) {
        let kernels = self.kernels;
        let values = PanelsF32::new(&self.values, self.head_dim, self.valid);
        let mut scores = Scratch::<f32>::new(QUERY_BLOCK * KEY_BLOCK);
        let mut mixed = Scratch::<f32>::new(QUERY_BLOCK * self.head_dim);
        for first in (0..self.frames).step_by(QUERY_BLOCK) {
            let queries = QUERY_BLOCK.min(self.frames - first);
            let mut max = [f32::NEG_INFINITY; QUERY_BLOCK];
            let mut sum = [0.0f32; QUERY_BLOCK];
            mixed.fill(0.0);
            for start in (0..self.valid).step_by(KEY_BLOCK) {
                let keys = KEY_BLOCK.min(self.valid - start);
                self.scores(first, queries, start, keys, &bias, &mut scores);
                for query in 0..queries {
                    let row = &mut scores[query * keys..][..keys];
                    let new_max = max[query].max(kernels.row_max(row));
                    let correction = (max[query] - new_max).exp();
                    sum[query] = sum[query] * correction + kernels.exp_sum(row, new_max);
                    kernels.scale(&mut mixed[query * self.head_dim..][..self.head_dim], correction);
                    max[query] = new_max;
                }
                let add = Epilogue { bias: None, activation: None, accumulate: true };
                let out = MatMut::new(&mut mixed, queries, self.head_dim, self.head_dim);
                let rows = RowsF32::new(&scores, keys, queries);
                kernels.matmul_f32(&rows, &values.k_range(start..start + keys), &add, out);
            }
            for query in 0..queries {
                let row = context.row_mut(first + query);
                row.copy_from_slice(&mixed[query * self.head_dim..][..self.head_dim]);
                kernels.scale(row, 1.0 / sum[query]);
            }
            if let Some(weights) = &mut weights {
                self.weights(first, queries, &bias, (&max, &sum), weights, &mut scores);
            }
        }
    }

    /// `queries × keys` biased scores of a block, dense in `out`.
    fn scores<'t>(
        &self,
        first: usize,
        queries: usize,
        start: usize,
        keys: usize,
        bias: impl Fn(usize) -> (f32, &'t [f32]),
        out: &mut [f32],
    ) {
        let rows = RowsF32::new(&self.queries[first * self.stride..], self.stride, queries);
        let panels = PanelsF32::new(&self.keys, self.valid, self.head_dim);
        let panels = panels.panels(start / 16..(start + keys).div_ceil(16));
        self.kernels.matmul_f32(&rows, &panels, &Epilogue::default(), MatMut::new(out, queries, keys, keys));
        let scaling = 1.0 / (self.head_dim as f32).sqrt();
        for query in 0..queries {
            let row = &mut out[query * keys..][..keys];
            let (gate, table) = bias(first + query);
            self.kernels.scale(row, scaling);
            let distance = start + self.frames - 1 - (first + query);
            self.kernels.axpy(gate, &table[distance..][..keys], row);
        }
    }

    /// Writes the softmax of a block of queries, whose maxima and sums are known, into `weights` `(frames, frames)`.
    fn weights<'t>(
        &self,
        first: usize,
        queries: usize,
        bias: impl Fn(usize) -> (f32, &'t [f32]),
        (max, sum): (&[f32], &[f32]),
        weights: &mut [f32],
        scores: &mut [f32],
    ) {
        for start in (0..self.valid).step_by(KEY_BLOCK) {
            let keys = KEY_BLOCK.min(self.valid - start);
            self.scores(first, queries, start, keys, &bias, scores);
            for query in 0..queries {
                let row = &mut scores[query * keys..][..keys];
                self.kernels.exp_sum(row, max[query]);
                self.kernels.scale(row, 1.0 / sum[query]);
                weights[(first + query) * self.frames + start..][..keys].copy_from_slice(row);
            }
        }
    }
}
