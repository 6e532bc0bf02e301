//! The feed-forward block of a layer (`WavLMFeedForward`) with its residual.

use tract_core::internal::*;
use wavlm_kernels::{Activation, MatMut};

use super::{Block, floats, floats_mut, owned};
use crate::engine::Engine;
use crate::matrix::{Matrix, Vector, Windows, block_rows};
use crate::scratch::Scratch;

/// `residual + down(activation(up(x)))`. Inputs: `x`, and the residual where it is not `x` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FeedForward {
    pub engine: Engine,
    pub up: (Matrix, Vector),
    pub down: (Matrix, Vector),
    pub activation: Activation,
}

impl Block for FeedForward {
    const NAME: &'static str = "FeedForward";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let channels = self.down.0.rows();
        ensure!(inputs[0].shape().last() == Some(&channels), "expected {channels} channels");
        if inputs.len() == 1 {
            let mut x = owned(inputs.remove(0));
            let values = floats_mut(&mut x)?;
            let length = block_rows(values.len() / channels) * channels;
            for block in values.chunks_mut(length) {
                let inner = self.expand(block);
                self.contract(&inner, block);
            }
            return Ok(tvec!(x.into_tvalue()));
        }
        let (x, residual) = args_2!(inputs);
        ensure!(x.shape() == residual.shape(), "input and residual differ in shape");
        let mut out = owned(residual);
        let x = floats(&x)?;
        let length = block_rows(x.len() / channels) * channels;
        for (block, x) in floats_mut(&mut out)?.chunks_mut(length).zip(x.chunks(length)) {
            let inner = self.expand(x);
            self.contract(&inner, block);
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl FeedForward {
    fn expand(&self, x: &[f32]) -> Scratch<f32> {
        let (weight, bias) = &self.up;
        let windows = Windows::dense(x, weight.columns());
        let mut inner = Scratch::new(windows.rows * weight.rows());
        let out = MatMut::new(&mut inner, windows.rows, weight.rows(), weight.rows());
        weight.apply(self.engine, windows, Some(bias), Some(self.activation), false, out);
        inner
    }

    fn contract(&self, inner: &[f32], out: &mut [f32]) {
        let (weight, bias) = &self.down;
        let windows = Windows::dense(inner, weight.columns());
        let out = MatMut::new(out, windows.rows, weight.rows(), weight.rows());
        weight.apply(self.engine, windows, Some(bias), None, true, out);
    }
}
