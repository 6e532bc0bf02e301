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

use super::{Block, PositionGate, floats, floats_mut, frames_of, lengths_of, owned};
use crate::engine::Engine;
use crate::matrix::{Affine, Windows};
use crate::scratch::Scratch;

/// Queries per block of scores.
const QUERY_BLOCK: usize = 48;
/// Keys per block of scores; a multiple of the panel width.
const KEY_BLOCK: usize = 256;

/// `residual + out(attention)`.
///
/// Inputs: `x` `(batch, frames, channels)`, the table of [`PositionBias`](super::PositionBias), then what [`Operands`] asks for,
/// valid frames `(batch)` if `masked`.
/// Outputs: the hidden states, and the weights `(batch, heads, frames, frames)` if `weights`. These are the true
/// weights of each head, before int8 rounds them for the mix; transformers returns their mean in every head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attention {
    pub engine: Engine,
    /// The heads that the layer has, as rows of the table; `kept` channels of queries, keys and values are theirs.
    pub heads: Vec<usize>,
    pub operands: Operands,
    /// `[1, channels, kept]`
    pub out: Affine,
    pub masked: bool,
    pub weights: bool,
}

/// Where queries, keys, values and gates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operands {
    /// From `x`. The residual is the next input if `separate_residual`, else it is `x`.
    Own {
        /// Queries, keys and values, stacked: `[1, 3 · kept, channels]`.
        qkv: Affine,
        gate: PositionGate,
        separate_residual: bool,
    },
    /// They are inputs, so that other layers can use them, too: queries, keys and values `(batch, frames, 3 · kept)`, gates
    /// `(batch, frames, heads)`, and other values `(batch, frames, kept)` if `own_values`. `x` is the residual.
    Given { own_values: bool },
}

impl Block for Attention {
    const NAME: &'static str = "Attention";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, frames, _] = inputs[0].shape.dims() else { bail!("expected (batch, frames, channels)") };
        let mut facts = tvec!(inputs[0].without_value());
        if self.weights {
            facts.push(f32::fact([batch.clone(), self.heads.len().to_dim(), frames.clone(), frames.clone()]));
        }
        Ok(facts)
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().context("an input of the attention is missing");
        let (x, table) = (next()?, next()?);
        let (mut residual, mut given, mut values) = (None, None, None);
        match self.operands {
            Operands::Own { separate_residual: true, .. } => residual = Some(next()?),
            Operands::Own { .. } => {}
            Operands::Given { own_values } => {
                given = Some([next()?, next()?]);
                values = if own_values { Some(next()?) } else { None };
            }
        }
        let lengths = if self.masked { Some(next()?) } else { None };

        let (channels, kept, heads) = (self.out.rows(), self.out.columns(), self.heads.len());
        let (batch, frames) = frames_of(&x, channels)?;
        let lengths = lengths_of(lengths.as_ref(), batch, frames)?;
        let &[table_heads, span] = table.shape() else { bail!("expected (heads, distances)") };
        ensure!(span == 2 * frames - 1, "position bias of another length");
        ensure!(self.heads.iter().all(|&head| head < table_heads), "position bias of fewer heads");
        if let Some([qkv, gates]) = &given {
            ensure!(qkv.shape() == [batch, frames, 3 * kept], "queries, keys and values of another shape");
            ensure!(gates.shape() == [batch, frames, heads], "gates of another shape");
        }
        if let Some(values) = &values {
            ensure!(values.shape() == [batch, frames, kept], "values of another shape");
        }
        let mut weights =
            if self.weights { Some(Tensor::zero::<f32>(&[batch, heads, frames, frames])?) } else { None };

        let table = floats(&table)?;
        let values = values.as_deref().map(floats).transpose()?;
        let mut context = Scratch::<f32>::new(batch * frames * kept);
        let per_head = frames * frames;
        for (i, &valid) in lengths.iter().enumerate() {
            let row = |width: usize| i * frames * width..(i + 1) * frames * width;
            let weights = match &mut weights {
                Some(weights) => {
                    let row = &mut floats_mut(weights)?[i * heads * per_head..][..heads * per_head];
                    row.chunks_exact_mut(per_head).map(Some).collect()
                }
                None => (0..heads).map(|_| None).collect(),
            };
            let own = match &self.operands {
                Operands::Own { qkv, gate, .. } => Some(self.own(qkv, gate, &floats(&x)?[row(channels)])),
                Operands::Given { .. } => None,
            };
            let (qkv, gates) = match (&own, &given) {
                (Some((qkv, gates)), _) => (&**qkv, &**gates),
                (None, Some([qkv, gates])) => (&floats(qkv)?[row(3 * kept)], &floats(gates)?[row(heads)]),
                (None, None) => bail!("nothing to attend with"),
            };
            let values = values.map(|values| &values[row(kept)]);
            let utterance = Utterance { qkv, values, gates, table, frames, valid };
            self.mix(&utterance, &mut context[row(kept)], weights);
        }

        let mut hidden = owned(residual.unwrap_or(x));
        ensure!(hidden.shape() == [batch, frames, channels], "input and residual differ in shape");
        let out = MatMut::dense(floats_mut(&mut hidden)?, batch * frames, channels);
        self.out.apply(self.engine, Windows::dense(&context, kept), Epilogue::ADD, out);
        let mut outputs = tvec!(hidden.into_tvalue());
        outputs.extend(weights.map(Tensor::into_tvalue));
        Ok(outputs)
    }
}

/// What the heads read of one utterance.
struct Utterance<'a> {
    /// `(frames, 3 · kept)`
    qkv: &'a [f32],
    /// `(frames, kept)`, in place of those in `qkv`.
    values: Option<&'a [f32]>,
    /// `(frames, heads)`
    gates: &'a [f32],
    table: &'a [f32],
    frames: usize,
    /// Frames that may be attended to.
    valid: usize,
}

/// Queries, keys and values of one head.
#[derive(Clone, Copy)]
struct Qkv<'a> {
    /// From the head's first query on; its first key lies `kept` behind, the next frame three times as far.
    data: &'a [f32],
    kept: usize,
    /// From the head's first value on, frames `value_stride` apart.
    values: &'a [f32],
    value_stride: usize,
    head_dim: usize,
    frames: usize,
}

impl<'a> Qkv<'a> {
    fn stride(&self) -> usize {
        3 * self.kept
    }

    fn query(&self, frame: usize) -> &'a [f32] {
        &self.data[frame * self.stride()..][..self.head_dim]
    }

    /// From the first key on.
    fn keys(&self) -> &'a [f32] {
        &self.data[self.kept..]
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
    /// Queries, keys and values of one utterance, and the gates of its heads.
    fn own(&self, qkv: &Affine, gate: &PositionGate, x: &[f32]) -> (Scratch<f32>, Scratch<f32>) {
        let windows = Windows::dense(x, qkv.columns());
        let mut projected = Scratch::<f32>::new(windows.rows * qkv.rows());
        let out = MatMut::dense(&mut projected, windows.rows, qkv.rows());
        qkv.apply(self.engine, windows, Epilogue::default(), out);
        let mut gates = Scratch::<f32>::new(windows.rows * self.heads.len());
        gate.write(x, &mut gates);
        (projected, gates)
    }

    /// Weighted values of every head of one utterance, side by side in `context` `(frames, kept)`.
    fn mix(&self, utterance: &Utterance<'_>, context: &mut [f32], weights: Vec<Option<&mut [f32]>>) {
        let &Utterance { qkv, values, gates, table, frames, valid } = utterance;
        let (kept, heads) = (self.out.columns(), self.heads.len());
        let (head_dim, int8) = (kept / heads, self.out.weight.is_int8());
        let (values, value_stride) = values.map_or((&qkv[2 * kept..], 3 * kept), |values| (values, kept));
        let span = 2 * frames - 1;
        let windows = MatMut::dense(context, frames, kept).column_blocks(head_dim);
        let heads_of_all = self.heads.iter().enumerate();
        self.engine.each(windows.zip(weights).zip(heads_of_all), |((context, weights), (head, &of_all))| {
            let bias = Bias { gates: &gates[head..], heads, table: &table[of_all * span..][..span] };
            let qkv = Qkv {
                data: &qkv[head * head_dim..],
                kept,
                values: &values[head * head_dim..],
                value_stride,
                head_dim,
                frames,
            };
            Head::new(self.engine.kernels, qkv, bias, valid, int8).attend(context, weights);
        });
    }
}
