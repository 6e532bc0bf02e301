//! A time-delay layer of the x-vector head (`TDNNLayer`): a dilated convolution with ReLU.

use tract_core::internal::*;
use wavlm_kernels::{Activation, Epilogue, MatMut};

use super::{Block, floats, floats_mut, frames_of};
use crate::engine::Engine;
use crate::matrix::{Affine, Windows, block_rows};
use crate::scratch::Scratch;

/// `relu(weight · [x[t], x[t + dilation], …] + bias)`; `(kernel - 1) · dilation` frames are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tdnn {
    pub engine: Engine,
    /// `[1, channels out, kernel · channels in]`
    pub map: Affine,
    pub kernel: usize,
    pub dilation: usize,
}

impl Block for Tdnn {
    const NAME: &'static str = "Tdnn";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, frames, _] = inputs[0].shape.dims() else { bail!("expected (batch, frames, channels)") };
        let frames = frames.clone() - self.lost();
        Ok(tvec!(f32::fact([batch.clone(), frames, self.map.rows().to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (batch, frames) = frames_of(&inputs[0], self.input_dim())?;
        let (rows, dim) = (self.frames(frames)?, self.dim());
        let mut out = Tensor::zero::<f32>(&[batch, rows, dim])?;
        let utterances = floats(&inputs[0])?.chunks_exact(frames * self.input_dim());
        for (x, out) in utterances.zip(floats_mut(&mut out)?.chunks_exact_mut(rows * dim)) {
            let length = block_rows(rows);
            let blocks = MatMut::dense(out, rows, dim).row_blocks(length);
            blocks.enumerate().for_each(|(i, out)| self.apply(x, i * length, out));
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl Tdnn {
    /// Channels of the input.
    pub fn input_dim(&self) -> usize {
        self.map.columns() / self.kernel
    }

    /// Channels of the output.
    pub fn dim(&self) -> usize {
        self.map.rows()
    }

    /// Output frames of so many input frames; none at all is an error.
    pub fn frames(&self, frames: usize) -> TractResult<usize> {
        ensure!(frames > self.lost(), "{frames} frames are too few for a time-delay layer");
        Ok(frames - self.lost())
    }

    fn lost(&self) -> usize {
        (self.kernel - 1) * self.dilation
    }

    /// Computes the output frames of an utterance from `first` on that `out` has rows for: no more than a
    /// [block](block_rows), since taps that do not lie side by side are laid out.
    pub fn apply(&self, x: &[f32], first: usize, out: MatMut<'_>) {
        let (channels, rows) = (self.input_dim(), out.rows());
        if self.dilation == 1 || self.kernel == 1 {
            self.product(Windows { data: &x[first * channels..], stride: channels, rows }, out);
        } else {
            let taps = self.gather(x, first, rows);
            self.product(Windows::dense(&taps, self.map.columns()), out);
        }
    }

    fn product(&self, windows: Windows<'_>, out: MatMut<'_>) {
        let epilogue = Epilogue { activation: Some(Activation::Relu), ..Epilogue::default() };
        self.map.apply(self.engine, windows, epilogue, out);
    }

    /// The taps of `rows` outputs from `first` on, side by side.
    fn gather(&self, x: &[f32], first: usize, rows: usize) -> Scratch<f32> {
        let channels = self.input_dim();
        let mut gathered = Scratch::new(rows * self.kernel * channels);
        for (i, taps) in gathered.chunks_exact_mut(channels).enumerate() {
            let frame = first + i / self.kernel + i % self.kernel * self.dilation;
            taps.copy_from_slice(&x[frame * channels..][..channels]);
        }
        gathered
    }
}
