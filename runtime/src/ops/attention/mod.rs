//! Self-attention with the gated relative position bias (`WavLMAttention`), with its residual.
//!
//! Scores exist for one block of queries against one block of keys at a time; the softmax is carried from block to
//! block (streaming softmax, Milakov and Gimelshein 2018), so memory grows with the frames, never with their square.

use tract_core::internal::*;
use wavlm_kernels::{Epilogue, MatMut};

mod head;
mod keys;
mod softmax;
#[cfg(test)]
mod tests;
mod values;

use head::Head;

use super::{Block, floats, floats_mut, frames_of, lengths_of, owned};
use crate::engine::Engine;
use crate::matrix::{Affine, Vector, Windows};
use crate::scratch::Scratch;

/// Queries per block of scores.
const QUERY_BLOCK: usize = 48;
/// Keys per block of scores; a multiple of the panel width.
const KEY_BLOCK: usize = 256;

/// Outputs of the gate's linear layer per head: two gates of four values each.
const GATE_ROWS: usize = 8;

/// `residual + out(attention(x))`.
///
/// Inputs: `x` `(batch, frames, channels)`, the table of [`PositionBias`](super::PositionBias), the residual if
/// `separate_residual` (else it is `x`), valid frames `(batch)` if `masked`.
/// Outputs: the hidden states, and the weights `(batch, heads, frames, frames)` if `weights`. These are the true
/// weights of each head, before int8 rounds them for the mix; transformers returns their mean in every head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attention {
    pub engine: Engine,
    pub heads: usize,
    /// Queries, keys and values, stacked: `[1, 3 · channels, channels]`.
    pub qkv: Affine,
    pub out: Affine,
    /// `gru_rel_pos_linear`: `[1, 8, channels / heads]`.
    pub gate: Affine,
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

        let channels = self.out.rows();
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
        let out = MatMut::dense(floats_mut(&mut hidden)?, batch * frames, channels);
        self.out.apply(self.engine, Windows::dense(&context, channels), Epilogue::ADD, out);
        let mut outputs = tvec!(hidden.into_tvalue());
        outputs.extend(weights.map(Tensor::into_tvalue));
        Ok(outputs)
    }
}

/// Queries, keys and values of one head, as the stacked projection leaves them.
#[derive(Clone, Copy)]
struct Qkv<'a> {
    /// From the head's first query on; a frame's query, key and value lie `channels` apart, frames three times as far.
    data: &'a [f32],
    channels: usize,
    head_dim: usize,
    frames: usize,
}

impl<'a> Qkv<'a> {
    fn stride(&self) -> usize {
        3 * self.channels
    }

    fn query(&self, frame: usize) -> &'a [f32] {
        &self.data[frame * self.stride()..][..self.head_dim]
    }

    /// From the first key on.
    fn keys(&self) -> &'a [f32] {
        &self.data[self.channels..]
    }

    /// From the first value on.
    fn values(&self) -> &'a [f32] {
        &self.data[2 * self.channels..]
    }
}

/// The position bias of one head: a table over the distance from key to query, times each query's gate.
#[derive(Clone, Copy)]
struct Bias<'a> {
    /// From the first frame's gate of this head on, `heads` apart.
    gates: &'a [f32],
    heads: usize,
    /// `2 · frames - 1` distances.
    table: &'a [f32],
}

impl<'a> Bias<'a> {
    /// The gate of a query.
    fn gate(&self, query: usize) -> f32 {
        self.gates[query * self.heads]
    }

    /// The un-gated bias of `keys` keys from `first_key` on for one query.
    fn row(&self, query: usize, first_key: usize, keys: usize) -> &'a [f32] {
        let frames = self.table.len().div_ceil(2);
        &self.table[first_key + frames - 1 - query..][..keys]
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
        let channels = self.out.rows();
        let head_dim = channels / self.heads;
        let mut qkv = Scratch::<f32>::new(frames * 3 * channels);
        let out = MatMut::dense(&mut qkv, frames, 3 * channels);
        self.qkv.apply(self.engine, Windows::dense(x, channels), Epilogue::default(), out);
        let (gates, int8) = (self.gates(x), self.qkv.weight.is_int8());

        let windows = MatMut::dense(context, frames, channels).column_blocks(head_dim);
        self.engine.each(windows.zip(weights).enumerate(), |(head, (context, weights))| {
            let bias = Bias {
                gates: &gates[head..],
                heads: self.heads,
                table: &table[head * (2 * frames - 1)..][..2 * frames - 1],
            };
            let qkv = Qkv { data: &qkv[head * head_dim..], channels, head_dim, frames };
            Head::new(self.engine.kernels, qkv, bias, valid, int8).attend(context, weights);
        });
    }

    /// `(frames, heads)`: how strongly each query takes the position bias, from the layer's input viewed as heads.
    fn gates(&self, x: &[f32]) -> Scratch<f32> {
        let windows = Windows::dense(x, self.gate.columns());
        let mut projected = Scratch::<f32>::new(windows.rows * GATE_ROWS);
        let out = MatMut::dense(&mut projected, windows.rows, GATE_ROWS);
        self.gate.apply(self.engine, windows, Epilogue::default(), out);
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
