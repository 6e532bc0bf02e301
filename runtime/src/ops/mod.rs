//! The nodes of the graph: each reads like one block of the paper's figure, and calls `wavlm-kernels` for the arithmetic.
//!
//! Activations are f32 tensors `(batch, frames, channels)`. An op that may overwrite its input does so when nothing else
//! reads it: tract hands over the only reference then.

use std::fmt::Debug;

use tract_core::internal::*;

mod adapter;
mod attention;
mod channel_scale;
mod feed_forward;
mod layer_norm;
mod linear;
mod mask;
mod normalise;
mod pooling;
mod position_bias;
mod position_gate;
mod positional_conv;
mod stem;
mod tdnn;
mod weighted_sum;

pub(crate) use adapter::AdapterConv;
pub(crate) use attention::{Attention, Operands};
pub(crate) use channel_scale::ChannelScale;
pub(crate) use feed_forward::FeedForward;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use linear::Linear;
pub(crate) use mask::{FrameLengths, ZeroPadding};
pub(crate) use normalise::Normalise;
pub(crate) use pooling::{MeanPooling, StatisticsPooling};
pub(crate) use position_bias::PositionBias;
pub(crate) use position_gate::PositionGate;
pub(crate) use positional_conv::PositionalConv;
pub(crate) use stem::{FrameConv, Stem, WaveformConv};
pub(crate) use tdnn::Tdnn;
pub(crate) use weighted_sum::WeightedSum;

/// A block of the model: what [`Node`] needs to make a tract op of it.
pub(crate) trait Block: Clone + Debug + Eq + Send + Sync + 'static {
    /// Shown in dumps and profiles.
    const NAME: &'static str;

    /// Types and shapes of the outputs.
    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>>;

    /// The arithmetic. Sizes are checked here: tract does not check facts between ops.
    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>>;
}

/// A [`Block`] as a tract op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node<B>(pub B);

impl<B: Block> Op for Node<B> {
    fn name(&self) -> StaticName {
        B::NAME.into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("{:?}", self.0)])
    }

    op_as_typed_op!();
}

impl<B: Block> EvalOp for Node<B> {
    not_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.0.eval(inputs)
    }
}

impl<B: Block> TypedOp for Node<B> {
    as_op!();

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.0.facts(inputs)
    }
}

/// The values of a contiguous f32 tensor.
fn floats(tensor: &Tensor) -> TractResult<&[f32]> {
    let view = tensor.to_plain_array_view::<f32>()?;
    view.to_slice().context("a contiguous tensor")
}

/// The values of a contiguous f32 tensor, to be overwritten.
fn floats_mut(tensor: &mut Tensor) -> TractResult<&mut [f32]> {
    let view = tensor.to_plain_array_view_mut::<f32>()?;
    view.into_slice().context("a contiguous tensor")
}

/// `(batch, frames, channels)` of a tensor that must have `channels` of them.
fn frames_of(tensor: &Tensor, channels: usize) -> TractResult<(usize, usize)> {
    match *tensor.shape() {
        [batch, frames, found] if found == channels => Ok((batch, frames)),
        ref shape => bail!("expected (batch, frames, {channels}), found {shape:?}"),
    }
}

/// Valid frames per batch row, from the optional last input.
fn lengths_of(input: Option<&TValue>, batch: usize, frames: usize) -> TractResult<Vec<usize>> {
    let Some(lengths) = input else { return Ok(vec![frames; batch]) };
    let lengths = lengths.to_plain_array_view::<i64>()?;
    ensure!(lengths.len() == batch, "{} lengths for a batch of {batch}", lengths.len());
    Ok(lengths.iter().map(|&length| (length.max(0) as usize).min(frames)).collect())
}

/// The only reference if there is one, else a copy.
fn owned(value: TValue) -> Tensor {
    value.into_tensor()
}
