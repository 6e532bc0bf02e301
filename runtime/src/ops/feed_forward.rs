//! The feed-forward block of a layer (`WavLMFeedForward`) with its residual.

use tract_core::internal::*;
use wavlm_kernels::{Activation, Epilogue, MatMut};

use super::{Block, floats, floats_mut, owned};
use crate::engine::Engine;
use crate::matrix::{Affine, Windows, block_rows};
use crate::scratch::Scratch;

/// `residual + down(activation(up(x)))`. Inputs: `x`, and the residual where it is not `x` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FeedForward {
    pub engine: Engine,
    pub up: Affine,
    pub down: Affine,
    pub activation: Activation,
}

impl Block for FeedForward {
    const NAME: &'static str = "FeedForward";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let channels = self.down.rows();
        ensure!(inputs[0].shape().last() == Some(&channels), "expected {channels} channels");
        let mut out = owned(inputs.pop().context("an input of the feed-forward block is missing")?);
        let x = inputs.pop();
        if let Some(x) = &x {
            ensure!(x.shape() == out.shape(), "input and residual differ in shape");
        }
        self.add_to(floats_mut(&mut out)?, x.as_deref().map(floats).transpose()?);
        Ok(tvec!(out.into_tvalue()))
    }
}

impl FeedForward {
    /// Adds to `out` what the block makes of `x`, or of `out` itself where there is none.
    fn add_to(&self, out: &mut [f32], x: Option<&[f32]>) {
        let channels = self.down.rows();
        let length = block_rows(out.len() / channels) * channels;
        for (i, out) in out.chunks_mut(length).enumerate() {
            let inner = self.expand(x.map_or(&*out, |x| &x[i * length..][..out.len()]));
            let windows = Windows::dense(&inner, self.down.columns());
            let out = MatMut::dense(out, windows.rows, channels);
            self.down.apply(self.engine, windows, Epilogue::ADD, out);
        }
    }

    fn expand(&self, x: &[f32]) -> Scratch<f32> {
        let windows = Windows::dense(x, self.up.columns());
        let mut inner = Scratch::new(windows.rows * self.up.rows());
        let out = MatMut::dense(&mut inner, windows.rows, self.up.rows());
        let epilogue = Epilogue { activation: Some(self.activation), ..Epilogue::default() };
        self.up.apply(self.engine, windows, epilogue, out);
        inner
    }
}
