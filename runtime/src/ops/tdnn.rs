//! A time-delay layer of the x-vector head (`TDNNLayer`): a dilated convolution with ReLU.

use tract_core::internal::*;
use wavlm_kernels::{Activation, MatMut};

use super::{Block, floats, floats_mut, frames_of};
use crate::engine::Engine;
use crate::matrix::{Matrix, Vector, Windows};
use crate::scratch::Scratch;

/// Frames whose taps are laid out at a time.
const BLOCK_FRAMES: usize = 256;

/// `relu(weight · [x[t], x[t + dilation], …] + bias)`; `(kernel - 1) · dilation` frames are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tdnn {
    pub engine: Engine,
    /// `[1, channels out, kernel · channels in]`
    pub weight: Matrix,
    pub bias: Vector,
    pub kernel: usize,
    pub dilation: usize,
}

impl Block for Tdnn {
    const NAME: &'static str = "Tdnn";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, frames, _] = inputs[0].shape.dims() else { bail!("expected (batch, frames, channels)") };
        let frames = frames.clone() - self.lost();
        Ok(tvec!(f32::fact([batch.clone(), frames, self.weight.rows().to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let channels = self.weight.columns() / self.kernel;
        let (batch, frames) = frames_of(&inputs[0], channels)?;
        ensure!(frames > self.lost(), "{frames} frames are too few for a time-delay layer");
        let (rows, dim) = (frames - self.lost(), self.weight.rows());
        let mut out = Tensor::zero::<f32>(&[batch, rows, dim])?;
        let utterances = floats(&inputs[0])?.chunks_exact(frames * channels);
        for (x, out) in utterances.zip(floats_mut(&mut out)?.chunks_exact_mut(rows * dim)) {
            let out = MatMut::new(out, rows, dim, dim);
            if self.dilation == 1 || self.kernel == 1 {
                self.apply(Windows { data: x, stride: channels, rows }, out);
            } else {
                for (block, out) in out.row_blocks(BLOCK_FRAMES).enumerate() {
                    let taps = self.gather(x, block * BLOCK_FRAMES, out.rows(), channels);
                    self.apply(Windows::dense(&taps, self.weight.columns()), out);
                }
            }
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl Tdnn {
    fn lost(&self) -> usize {
        (self.kernel - 1) * self.dilation
    }

    fn apply(&self, windows: Windows<'_>, out: MatMut<'_>) {
        self.weight.apply(self.engine, windows, Some(&self.bias), Some(Activation::Relu), false, out);
    }

    /// The taps of `frames` outputs from `first` on, side by side.
    fn gather(&self, x: &[f32], first: usize, frames: usize, channels: usize) -> Scratch<f32> {
        let mut gathered = Scratch::new(frames * self.kernel * channels);
        for (i, taps) in gathered.chunks_exact_mut(channels).enumerate() {
            let frame = first + i / self.kernel + i % self.kernel * self.dilation;
            taps.copy_from_slice(&x[frame * channels..][..channels]);
        }
        gathered
    }
}
