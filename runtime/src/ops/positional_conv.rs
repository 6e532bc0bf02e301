//! The grouped convolution that tells the layers where they are (`WavLMPositionalConvEmbedding`).

use tract_core::internal::*;
use wavlm_kernels::{Activation, Epilogue, MatMut, PanelsI8, RowsF32, RowsI8, padded};

use super::{Block, floats_mut, frames_of, owned};
use crate::engine::Engine;
use crate::matrix::{Affine, Panels};
use crate::scratch::Scratch;

/// `x + activation(conv(x))`, the convolution centred: tap `j` of output `t` reads frame `t + j - kernel / 2`.
///
/// An even kernel would give one output more; transformers drops the last one, and it is never computed here.
/// In int8 each group of channels is quantised once for the whole utterance, so that its frames are laid out once and the
/// windows of all taps overlap in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PositionalConv {
    pub engine: Engine,
    /// `[groups, channels / groups, kernel · channels / groups]`
    pub map: Affine,
    pub activation: Activation,
    pub groups: usize,
    pub kernel: usize,
}

impl Block for PositionalConv {
    const NAME: &'static str = "PositionalConv";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let x = inputs.remove(0);
        let channels = self.groups * self.map.rows();
        let (_, frames) = frames_of(&x, channels)?;
        let mut x = owned(x);
        for utterance in floats_mut(&mut x)?.chunks_exact_mut(frames * channels) {
            self.add_to(utterance, frames);
        }
        Ok(tvec!(x.into_tvalue()))
    }
}

impl PositionalConv {
    fn add_to(&self, x: &mut [f32], frames: usize) {
        let width = self.map.rows();
        let x = MatMut::dense(x, frames, self.groups * width);
        self.engine.each(x.column_blocks(width).enumerate(), |(group, mut channels)| {
            let plane = self.plane(&mut channels);
            self.convolve(group, &plane, channels);
        });
    }

    /// The channels of one group, zero-padded in time: `(frames + kernel - 1) × width`.
    fn plane(&self, channels: &mut MatMut<'_>) -> Scratch<f32> {
        let (frames, width) = (channels.rows(), channels.columns());
        let mut plane = Scratch::filled((frames + self.kernel - 1) * width, 0.0);
        let inner = plane[self.kernel / 2 * width..].chunks_exact_mut(width);
        for (frame, to) in inner.take(frames).enumerate() {
            to.copy_from_slice(channels.row_mut(frame));
        }
        plane
    }

    fn convolve(&self, group: usize, plane: &[f32], out: MatMut<'_>) {
        let (frames, width, kernels) = (out.rows(), out.columns(), self.engine.kernels);
        let epilogue = Epilogue {
            bias: Some(&self.map.bias.values()[group * width..][..width]),
            activation: Some(self.activation),
            accumulate: true,
        };
        match self.map.weight.group(group) {
            Panels::F32(panels) => {
                kernels.matmul_f32(&RowsF32::new(plane, width, frames), &panels, &epilogue, out);
            }
            Panels::I8(panels) => self.convolve_int8(&panels, plane, &epilogue, out),
            Panels::I4(panels) => {
                let mut unpacked = Scratch::<i8>::new(padded(width) * padded(self.map.columns()));
                let panels = kernels.unpack_i4(&panels, &mut unpacked);
                self.convolve_int8(&panels, plane, &epilogue, out);
            }
        }
    }

    fn convolve_int8(&self, panels: &PanelsI8<'_>, plane: &[f32], epilogue: &Epilogue<'_>, out: MatMut<'_>) {
        let (frames, width, kernels) = (out.rows(), out.columns(), self.engine.kernels);
        let mut codes = Scratch::<u8>::new((frames - 1) * width + padded(self.map.columns()));
        let quantisation = kernels.quantise_row(plane, &mut codes);
        let scales = Scratch::filled(frames, quantisation.scale);
        let offsets = Scratch::filled(frames, quantisation.offset);
        kernels.matmul_i8(&RowsI8::new(&codes, width, &scales, &offsets), panels, epilogue, out);
    }
}
