//! One layer of the adapter behind the encoder (`WavLMAdapterLayer`).

use tract_core::internal::*;
use wavlm_format::AdapterConfig;
use wavlm_kernels::{Epilogue, MatMut};

use super::{Block, floats, floats_mut, frames_of};
use crate::engine::Engine;
use crate::matrix::{Affine, Windows};
use crate::scratch::Scratch;

const PADDING: usize = AdapterConfig::PADDING;

/// A strided convolution to twice the channels, halved again by a gated linear unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AdapterConv {
    pub engine: Engine,
    /// `[1, 2 · channels, kernel · channels]`
    pub map: Affine,
    pub kernel: usize,
    pub stride: usize,
}

impl Block for AdapterConv {
    const NAME: &'static str = "AdapterConv";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, frames, channels] = inputs[0].shape.dims() else {
            bail!("expected (batch, frames, channels)")
        };
        let padded = frames.clone() + 2 * PADDING;
        let frames = (padded - self.kernel as i64) / self.stride as i64 + 1;
        Ok(tvec!(f32::fact([batch.clone(), frames, channels.clone()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let channels = self.map.columns() / self.kernel;
        let (batch, frames) = frames_of(&inputs[0], channels)?;
        let padded = frames + 2 * PADDING;
        ensure!(padded >= self.kernel, "{frames} frames are too few for the adapter");
        let rows = (padded - self.kernel) / self.stride + 1;
        let mut out = Tensor::zero::<f32>(&[batch, rows, channels])?;
        let mut input = Scratch::<f32>::filled(padded * channels, 0.0);
        let mut gated = Scratch::<f32>::new(rows * 2 * channels);
        let utterances = floats(&inputs[0])?.chunks_exact(frames * channels);
        for (x, out) in utterances.zip(floats_mut(&mut out)?.chunks_exact_mut(rows * channels)) {
            input[PADDING * channels..][..x.len()].copy_from_slice(x);
            let windows = Windows { data: &input, stride: self.stride * channels, rows };
            let matrix = MatMut::dense(&mut gated, rows, 2 * channels);
            self.map.apply(self.engine, windows, Epilogue::default(), matrix);
            for (out, row) in out.chunks_exact_mut(channels).zip(gated.chunks_exact_mut(2 * channels)) {
                let (value, gate) = row.split_at_mut(channels);
                self.engine.kernels.sigmoid(gate);
                out.iter_mut().zip(value).zip(gate).for_each(|((out, value), gate)| *out = *value * *gate);
            }
        }
        Ok(tvec!(out.into_tvalue()))
    }
}
