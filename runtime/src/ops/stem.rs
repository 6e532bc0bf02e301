//! The stem: convolutions that turn the waveform into frames (`WavLMFeatureEncoder`).
//!
//! Time-major throughout: a convolution reads `kernel · channels` contiguous values per output frame, `stride ·
//! channels` apart, so it is a product over overlapping windows. All convolutions run tile by tile of output frames;
//! the intermediate frames of a tile are recomputed at its borders, and nothing but the result grows with the length.

use tract_core::internal::*;
use wavlm_format::StemNorm;
use wavlm_kernels::{Activation, MatMut};

use super::{Block, floats, floats_mut};
use crate::engine::Engine;
use crate::matrix::{Matrix, Vector, Windows};
use crate::scratch::Scratch;

/// Output frames per tile: the intermediates of a tile should stay in the second-level cache.
const TILE_FRAMES: usize = 8;
/// Frames of the first convolution per partial sum of the group norm; fixed, so that threads do not change the result.
const STATISTICS_FRAMES: usize = 1024;
/// Epsilon of every norm in the stem, whatever the configuration says.
const NORM_EPSILON: f32 = 1e-5;

/// One convolution of the stem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StemConv {
    pub weight: Matrix,
    pub bias: Option<Vector>,
    /// Weight and bias of the norm behind it.
    pub norm: Option<(Vector, Vector)>,
    pub kernel: usize,
    pub stride: usize,
}

impl StemConv {
    fn dim(&self) -> usize {
        self.weight.rows()
    }

    fn input_dim(&self) -> usize {
        self.weight.columns() / self.kernel
    }
}

/// Waveform `(batch, samples)` to features `(batch, frames, channels)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stem {
    pub engine: Engine,
    pub convs: Vec<StemConv>,
    pub norm: StemNorm,
    pub activation: Activation,
}

/// Per-channel `x · scale + shift` that a group norm amounts to once its statistics are known.
struct ChannelAffine {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Block for Stem {
    const NAME: &'static str = "Stem";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, samples] = inputs[0].shape.dims() else { bail!("expected (batch, samples)") };
        let mut frames = samples.clone();
        for conv in &self.convs {
            frames = (frames - conv.kernel as i64) / conv.stride as i64 + 1;
        }
        Ok(tvec!(f32::fact([batch.clone(), frames, self.dim().to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let &[batch, samples] = inputs[0].shape() else { bail!("expected (batch, samples)") };
        let mut frames = samples;
        for conv in &self.convs {
            ensure!(frames >= conv.kernel, "{samples} samples are too few for the stem");
            frames = (frames - conv.kernel) / conv.stride + 1;
        }
        let mut out = Tensor::zero::<f32>(&[batch, frames, self.dim()])?;
        let waveforms = floats(&inputs[0])?.chunks_exact(samples);
        for (waveform, features) in waveforms.zip(floats_mut(&mut out)?.chunks_exact_mut(frames * self.dim()))
        {
            let affine = (self.norm == StemNorm::Group).then(|| self.group_norm(waveform)).transpose()?;
            let tiles = features.chunks_mut(TILE_FRAMES * self.dim()).enumerate();
            self.engine.each(tiles, |(i, tile)| self.tile(waveform, affine.as_ref(), i * TILE_FRAMES, tile));
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl Stem {
    /// Channels of the result.
    fn dim(&self) -> usize {
        self.convs.last().map_or(0, StemConv::dim)
    }

    /// Computes the frames from `first` on that fit into `out`.
    fn tile(&self, waveform: &[f32], affine: Option<&ChannelAffine>, first: usize, out: &mut [f32]) {
        let frames = out.len() / self.dim();
        let spans = self.spans(first, frames);
        let mut input = Scratch::<f32>::new(0);
        for (i, conv) in self.convs.iter().enumerate() {
            let source = if i == 0 { &waveform[spans[0].0..] } else { &input[..] };
            let rows = spans[i + 1].1;
            let windows = Windows { data: source, stride: conv.stride * conv.input_dim(), rows };
            if i + 1 == self.convs.len() {
                self.convolve(i, windows, affine, out);
            } else {
                let mut output = Scratch::new(rows * conv.dim());
                self.convolve(i, windows, affine, &mut output);
                input = output;
            }
        }
    }

    /// `(first frame, frames)` at the input of every convolution and at the output of the last one.
    fn spans(&self, first: usize, frames: usize) -> Vec<(usize, usize)> {
        let mut spans = vec![(first, frames)];
        for conv in self.convs.iter().rev() {
            let (first, frames) = spans[spans.len() - 1];
            spans.push((first * conv.stride, (frames - 1) * conv.stride + conv.kernel));
        }
        spans.reverse();
        spans
    }

    /// One convolution with its norm and activation, on the calling thread.
    fn convolve(&self, index: usize, windows: Windows<'_>, affine: Option<&ChannelAffine>, out: &mut [f32]) {
        let conv = &self.convs[index];
        let (rows, dim, kernels) = (windows.rows, conv.dim(), self.engine.kernels);
        let activation = conv.norm.is_none().then_some(self.activation);
        let alone = Engine { threads: 1, ..self.engine };
        conv.weight.apply(
            alone,
            windows,
            conv.bias.as_ref(),
            activation,
            false,
            MatMut::new(out, rows, dim, dim),
        );
        let Some((weight, bias)) = &conv.norm else { return };
        for row in out.chunks_exact_mut(dim) {
            match affine {
                Some(affine) => kernels.affine(row, &affine.scale, &affine.shift),
                None => kernels.layer_norm(row, weight.values(), bias.values(), NORM_EPSILON),
            }
            kernels.activate(self.activation, row);
        }
    }

    /// Statistics of every channel of the first convolution over the whole utterance, folded with the norm's weights.
    fn group_norm(&self, waveform: &[f32]) -> TractResult<ChannelAffine> {
        let conv = &self.convs[0];
        let (weight, bias) = conv.norm.as_ref().context("a group norm has weights")?;
        let (dim, frames) = (conv.dim(), (waveform.len() - conv.kernel) / conv.stride + 1);
        let mut parts = vec![Moments::new(dim); frames.div_ceil(STATISTICS_FRAMES)];
        self.engine.each(parts.iter_mut().enumerate(), |(i, part)| {
            let first = i * STATISTICS_FRAMES;
            let rows = STATISTICS_FRAMES.min(frames - first);
            let mut out = Scratch::new(rows * dim);
            let windows = Windows { data: &waveform[first * conv.stride..], stride: conv.stride, rows };
            let alone = Engine { threads: 1, ..self.engine };
            let matrix = MatMut::new(&mut out, rows, dim, dim);
            conv.weight.apply(alone, windows, conv.bias.as_ref(), None, false, matrix);
            part.measure(&out);
        });
        let mut all = Moments::new(dim);
        parts.iter().for_each(|part| all.merge(part));
        let mut affine = ChannelAffine { scale: vec![0.0; dim], shift: vec![0.0; dim] };
        for channel in 0..dim {
            let deviation = (all.squares[channel] / all.frames + f64::from(NORM_EPSILON)).sqrt();
            let scale = f64::from(weight.values()[channel]) / deviation;
            affine.scale[channel] = scale as f32;
            affine.shift[channel] = (f64::from(bias.values()[channel]) - all.mean[channel] * scale) as f32;
        }
        Ok(affine)
    }
}

/// Mean and summed squared deviation of every channel, mergeable (Chan, Golub and LeVeque 1979).
#[derive(Clone)]
struct Moments {
    frames: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn new(dim: usize) -> Moments {
        Moments { frames: 0.0, mean: vec![0.0; dim], squares: vec![0.0; dim] }
    }

    /// Takes the moments of `frames × dim` values.
    fn measure(&mut self, values: &[f32]) {
        let dim = self.mean.len();
        let count = (values.len() / dim) as f32;
        let mut mean = Scratch::<f32>::filled(dim, 0.0);
        let mut squares = Scratch::<f32>::filled(dim, 0.0);
        for row in values.chunks_exact(dim) {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        for row in values.chunks_exact(dim) {
            for ((sum, &x), &mean) in squares.iter_mut().zip(row).zip(mean.iter()) {
                *sum += (x - mean) * (x - mean);
            }
        }
        self.frames = f64::from(count);
        self.mean.iter_mut().zip(mean.iter()).for_each(|(to, &from)| *to = f64::from(from));
        self.squares.iter_mut().zip(squares.iter()).for_each(|(to, &from)| *to = f64::from(from));
    }

    fn merge(&mut self, other: &Moments) {
        let frames = self.frames + other.frames;
        for channel in 0..self.mean.len() {
            let delta = other.mean[channel] - self.mean[channel];
            self.mean[channel] += delta * other.frames / frames;
            self.squares[channel] +=
                other.squares[channel] + delta * delta * self.frames * other.frames / frames;
        }
        self.frames = frames;
    }
}
