//! The stem: convolutions that turn the waveform into frames (`WavLMFeatureEncoder`).
//!
//! Time-major throughout: a convolution reads `kernel · channels` contiguous values per output frame, `stride ·
//! channels` apart, so it is a product over overlapping windows. All convolutions run tile by tile of output frames;
//! the intermediate frames of a tile are recomputed at its borders, and nothing but the result grows with the length.
//!
//! int8 windows are quantised by their own ranges, although a frame lies in up to two of them. One range for more frames
//! would save under one percent of the time; simulated on a random wavlm-base with x-vector head, the embeddings' cosine to
//! f32 fell from 0.9997 for a range per frame to 0.9993 for 16 frames, 0.9983 for 64, 0.9973 for the utterance.

use tract_core::internal::*;
use wavlm_format::StemNorm;
use wavlm_kernels::{Activation, Epilogue, MatMut, PanelsF32, RowsF32};

mod group_norm;

use group_norm::WindowMoments;

use super::{Block, floats, floats_mut};
use crate::engine::Engine;
use crate::matrix::{Matrix, MatrixF32, Vector, Windows};
use crate::scratch::Scratch;

/// Most output frames of a tile. Of wavlm-base it has 527 frames behind the first convolution, 1.1 MB; twice as many took as
/// long, half as many recompute 5 % at the borders instead of 3 %.
const TILE_FRAMES: usize = 8;
/// Epsilon of every norm in the stem, whatever the configuration says.
const NORM_EPSILON: f32 = 1e-5;

/// The convolution that reads the waveform: few taps of one channel, f32 in every file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaveformConv {
    /// `[1, channels, kernel]`
    pub weight: MatrixF32,
    pub bias: Option<Vector>,
    /// Weight and bias of the norm behind it.
    pub norm: (Vector, Vector),
    pub kernel: usize,
    pub stride: usize,
}

/// One of the convolutions behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameConv {
    /// `[1, channels out, kernel · channels in]`
    pub weight: Matrix,
    pub bias: Option<Vector>,
    /// Weight and bias of the layer norm behind it.
    pub norm: Option<(Vector, Vector)>,
    pub kernel: usize,
    pub stride: usize,
}

/// Waveform `(batch, samples)` to features `(batch, frames, channels)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stem {
    pub engine: Engine,
    pub first: WaveformConv,
    pub rest: Vec<FrameConv>,
    pub norm: StemNorm,
    pub activation: Activation,
}

/// The first convolution as one utterance needs it: the group norm, once its statistics are known, scales and shifts every
/// channel, and so becomes part of weights and bias.
struct FirstProduct<'a> {
    panels: PanelsF32<'a>,
    bias: Option<&'a [f32]>,
}

impl Block for Stem {
    const NAME: &'static str = "Stem";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, samples] = inputs[0].shape.dims() else { bail!("expected (batch, samples)") };
        let mut frames = samples.clone();
        for (kernel, stride) in self.shapes() {
            frames = (frames - kernel as i64) / stride as i64 + 1;
        }
        Ok(tvec!(f32::fact([batch.clone(), frames, self.dim().to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let &[batch, samples] = inputs[0].shape() else { bail!("expected (batch, samples)") };
        let mut frames = samples;
        for (kernel, stride) in self.shapes() {
            ensure!(frames >= kernel, "{samples} samples are too few for the stem");
            frames = (frames - kernel) / stride + 1;
        }
        let mut out = Tensor::zero::<f32>(&[batch, frames, self.dim()])?;
        let waveforms = floats(&inputs[0])?.chunks_exact(samples);
        let features = floats_mut(&mut out)?.chunks_exact_mut(frames * self.dim());
        for (waveform, features) in waveforms.zip(features) {
            match self.norm {
                StemNorm::Group => {
                    let moments = WindowMoments::of(waveform, self.first.kernel, self.first.stride);
                    let (weights, bias) = moments.fold(&self.first, NORM_EPSILON);
                    let panels = PanelsF32::new(&weights, self.first.dim(), self.first.kernel);
                    self.tiles(waveform, &FirstProduct { panels, bias: Some(&bias) }, features);
                }
                StemNorm::Layer => {
                    let bias = self.first.bias.as_ref().map(Vector::values);
                    let panels = self.first.weight.panels();
                    self.tiles(waveform, &FirstProduct { panels, bias }, features);
                }
            }
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl WaveformConv {
    fn dim(&self) -> usize {
        self.norm.0.values().len()
    }
}

impl FrameConv {
    fn dim(&self) -> usize {
        self.weight.rows()
    }

    fn input_dim(&self) -> usize {
        self.weight.columns() / self.kernel
    }
}

impl Stem {
    /// Channels of the result.
    fn dim(&self) -> usize {
        self.rest.last().map_or(self.first.dim(), FrameConv::dim)
    }

    /// Kernel and stride of every convolution.
    fn shapes(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> {
        let rest = self.rest.iter().map(|conv| (conv.kernel, conv.stride));
        [(self.first.kernel, self.first.stride)].into_iter().chain(rest)
    }

    /// Computes all frames of an utterance.
    fn tiles(&self, waveform: &[f32], first: &FirstProduct<'_>, features: &mut [f32]) {
        let frames = features.len() / self.dim();
        let per_tile = TILE_FRAMES.min(self.engine.rows_per_task(frames));
        let tiles = features.chunks_mut(per_tile * self.dim()).enumerate();
        self.engine.each(tiles, |(i, tile)| self.tile(waveform, first, i * per_tile, tile));
    }

    /// Computes the frames from `start` on that fit into `out`, on the calling thread.
    fn tile(&self, waveform: &[f32], first: &FirstProduct<'_>, start: usize, out: &mut [f32]) {
        let spans = self.spans(start, out.len() / self.dim());
        let Some((last, middle)) = self.rest.split_last() else {
            return self.convolve_waveform(&waveform[spans[0].0..], first, out);
        };
        let mut frames = Scratch::new(spans[1].1 * self.first.dim());
        self.convolve_waveform(&waveform[spans[0].0..], first, &mut frames);
        for (conv, (_, rows)) in middle.iter().zip(&spans[2..]) {
            let mut output = Scratch::new(rows * conv.dim());
            self.convolve(conv, &frames, &mut output);
            frames = output;
        }
        self.convolve(last, &frames, out);
    }

    /// `(first frame, frames)` at the input of every convolution and at the output of the last one.
    fn spans(&self, first: usize, frames: usize) -> Vec<(usize, usize)> {
        let mut spans = vec![(first, frames)];
        for (kernel, stride) in self.shapes().rev() {
            let (first, frames) = spans[spans.len() - 1];
            spans.push((first * stride, (frames - 1) * stride + kernel));
        }
        spans.reverse();
        spans
    }

    /// The first convolution with its norm and activation.
    fn convolve_waveform(&self, waveform: &[f32], first: &FirstProduct<'_>, out: &mut [f32]) {
        let (dim, kernels) = (self.first.dim(), self.engine.kernels);
        let rows = out.len() / dim;
        let windows = RowsF32::new(waveform, self.first.stride, rows);
        let activation = (self.norm == StemNorm::Group).then_some(self.activation);
        let epilogue = Epilogue { bias: first.bias, activation, accumulate: false };
        kernels.matmul_f32(&windows, &first.panels, &epilogue, MatMut::dense(out, rows, dim));
        if self.norm == StemNorm::Layer {
            self.layer_norm(&self.first.norm, out);
        }
    }

    /// One of the convolutions behind it, with its norm and activation.
    fn convolve(&self, conv: &FrameConv, frames: &[f32], out: &mut [f32]) {
        let dim = conv.dim();
        let rows = out.len() / dim;
        let windows = Windows { data: frames, stride: conv.stride * conv.input_dim(), rows };
        let activation = conv.norm.is_none().then_some(self.activation);
        let alone = Engine { threads: 1, ..self.engine };
        let bias = conv.bias.as_ref().map(Vector::values);
        let epilogue = Epilogue { bias, activation, accumulate: false };
        conv.weight.apply(alone, windows, epilogue, MatMut::dense(out, rows, dim));
        if let Some(norm) = &conv.norm {
            self.layer_norm(norm, out);
        }
    }

    /// Layer norm and activation of every frame.
    fn layer_norm(&self, (weight, bias): &(Vector, Vector), frames: &mut [f32]) {
        let kernels = self.engine.kernels;
        let (weight, bias) = (weight.values(), bias.values());
        for frame in frames.chunks_exact_mut(weight.len()) {
            kernels.layer_norm(frame, weight, bias, NORM_EPSILON);
            kernels.activate(self.activation, frame);
        }
    }
}
