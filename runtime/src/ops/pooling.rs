//! From frames to one vector per utterance.

use tract_core::internal::*;
use wavlm_kernels::MatMut;

use super::{Block, Tdnn, floats, floats_mut, frames_of, lengths_of};
use crate::matrix::block_rows;
use crate::scratch::Scratch;

/// Mean over valid frames. Inputs: frames `(batch, frames, channels)`, optionally lengths `(batch)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MeanPooling {
    pub channels: usize,
}

/// The last time-delay layer, and mean and unbiased standard deviation of its valid output frames, side by side.
///
/// Inputs: frames `(batch, frames, channels in)`, optionally valid output frames `(batch)`. The layer is the widest, and
/// its outputs are not kept: a block of them at a time goes into the statistics. Both are NaN where they are undefined, as
/// in transformers: no frame, or one frame for the deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatisticsPooling {
    pub last: Tdnn,
}

impl Block for MeanPooling {
    const NAME: &'static str = "MeanPooling";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([inputs[0].shape[0].clone(), self.channels.to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (batch, frames) = frames_of(&inputs[0], self.channels)?;
        let lengths = lengths_of(inputs.get(1), batch, frames)?;
        let mut out = Tensor::zero::<f32>(&[batch, self.channels])?;
        let utterances = floats(&inputs[0])?.chunks_exact(frames * self.channels).zip(lengths);
        for ((x, valid), out) in utterances.zip(floats_mut(&mut out)?.chunks_exact_mut(self.channels)) {
            let mean = mean(&x[..valid * self.channels], self.channels);
            out.iter_mut().zip(mean).for_each(|(out, mean)| *out = mean as f32);
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl Block for StatisticsPooling {
    const NAME: &'static str = "StatisticsPooling";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([inputs[0].shape[0].clone(), (2 * self.last.dim()).to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (batch, frames) = frames_of(&inputs[0], self.last.input_dim())?;
        let (rows, dim) = (self.last.frames(frames)?, self.last.dim());
        let lengths = lengths_of(inputs.get(1), batch, rows)?;
        let mut out = Tensor::zero::<f32>(&[batch, 2 * dim])?;
        let utterances = floats(&inputs[0])?.chunks_exact(frames * self.last.input_dim()).zip(lengths);
        for ((x, valid), out) in utterances.zip(floats_mut(&mut out)?.chunks_exact_mut(2 * dim)) {
            let mut moments = Moments::new(dim);
            let length = block_rows(valid);
            for first in (0..valid).step_by(length) {
                let rows = length.min(valid - first);
                let mut block = Scratch::new(rows * dim);
                self.last.apply(x, first, MatMut::dense(&mut block, rows, dim));
                moments.add(&block);
            }
            let (mean, deviation) = out.split_at_mut(dim);
            mean.copy_from_slice(&moments.mean());
            deviation.copy_from_slice(&moments.unbiased_deviation());
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

/// NaN without frames.
fn mean(frames: &[f32], channels: usize) -> Vec<f64> {
    let mut mean = vec![0.0; channels];
    for frame in frames.chunks_exact(channels) {
        mean.iter_mut().zip(frame).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let count = (frames.len() / channels) as f64;
    mean.iter_mut().for_each(|sum| *sum /= count);
    mean
}

/// Mean and summed squared deviation of every channel, block by block (Chan, Golub and LeVeque 1979).
struct Moments {
    frames: usize,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn new(channels: usize) -> Moments {
        Moments { frames: 0, mean: vec![0.0; channels], squares: vec![0.0; channels] }
    }

    /// Takes a block of frames.
    fn add(&mut self, frames: &[f32]) {
        let channels = self.mean.len();
        let count = frames.len() / channels;
        if count == 0 {
            return;
        }
        let mean = mean(frames, channels);
        for frame in frames.chunks_exact(channels) {
            for ((sum, &x), mean) in self.squares.iter_mut().zip(frame).zip(&mean) {
                *sum += (f64::from(x) - mean).powi(2);
            }
        }
        let (before, all) = (self.frames as f64, (self.frames + count) as f64);
        for ((to, mean), squares) in self.mean.iter_mut().zip(mean).zip(&mut self.squares) {
            let delta = mean - *to;
            *to += delta * count as f64 / all;
            *squares += delta * delta * before * count as f64 / all;
        }
        self.frames += count;
    }

    /// NaN without frames.
    fn mean(&self) -> Vec<f32> {
        match self.frames {
            0 => vec![f32::NAN; self.mean.len()],
            _ => self.mean.iter().map(|&mean| mean as f32).collect(),
        }
    }

    /// NaN with fewer than two frames.
    fn unbiased_deviation(&self) -> Vec<f32> {
        match self.frames {
            0 | 1 => vec![f32::NAN; self.squares.len()],
            n => self.squares.iter().map(|squares| (squares / (n - 1) as f64).sqrt() as f32).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn blocks_have_the_moments_of_the_whole() {
        let frames: Vec<f32> = (0..2 * 31).map(|i| ((i * i) % 17) as f32 + 100.0).collect();
        let mut whole = Moments::new(2);
        whole.add(&frames);
        let mut blocks = Moments::new(2);
        frames.chunks(2 * 7).for_each(|block| blocks.add(block));
        for (a, b) in whole.mean().iter().zip(blocks.mean()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        for (a, b) in whole.unbiased_deviation().iter().zip(blocks.unbiased_deviation()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn what_is_undefined_is_not_a_number() {
        let mut moments = Moments::new(1);
        assert!(moments.mean()[0].is_nan());
        moments.add(&[3.0]);
        assert_eq!(moments.mean(), [3.0]);
        assert!(moments.unbiased_deviation()[0].is_nan());
    }
}
