//! From frames to one vector per utterance.

use tract_core::internal::*;

use super::{Block, floats, floats_mut, frames_of, lengths_of};

/// Mean over valid frames. Inputs: frames `(batch, frames, channels)`, optionally lengths `(batch)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MeanPooling {
    pub channels: usize,
}

/// Mean and unbiased standard deviation over valid frames, side by side. Inputs as for [`MeanPooling`].
///
/// Both are NaN where they are undefined, as in transformers: no frame, or one frame for the deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatisticsPooling {
    pub channels: usize,
}

impl Block for MeanPooling {
    const NAME: &'static str = "MeanPooling";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([inputs[0].shape[0].clone(), self.channels.to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        pool(inputs, self.channels, 1, |frames, out| out.copy_from_slice(&mean(frames, out.len())))
    }
}

impl Block for StatisticsPooling {
    const NAME: &'static str = "StatisticsPooling";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(f32::fact([inputs[0].shape[0].clone(), (2 * self.channels).to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        pool(inputs, self.channels, 2, |frames, out| {
            let mean = mean(frames, self.channels);
            let mut squares = vec![0.0f64; self.channels];
            for frame in frames.chunks_exact(self.channels) {
                for ((sum, &x), &mean) in squares.iter_mut().zip(frame).zip(&mean) {
                    *sum += f64::from(x - mean) * f64::from(x - mean);
                }
            }
            let degrees = (frames.len() / self.channels) as f64 - 1.0;
            let (first, second) = out.split_at_mut(self.channels);
            first.copy_from_slice(&mean);
            second.iter_mut().zip(squares).for_each(|(out, sum)| *out = (sum / degrees).sqrt() as f32);
        })
    }
}

fn mean(frames: &[f32], channels: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; channels];
    for frame in frames.chunks_exact(channels) {
        sums.iter_mut().zip(frame).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let count = (frames.len() / channels) as f64;
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// Runs `statistic` over the valid frames of each row; it fills `width · channels` values.
fn pool(
    inputs: TVec<TValue>,
    channels: usize,
    width: usize,
    statistic: impl Fn(&[f32], &mut [f32]),
) -> TractResult<TVec<TValue>> {
    let (batch, frames) = frames_of(&inputs[0], channels)?;
    let lengths = lengths_of(inputs.get(1), batch, frames)?;
    let mut out = Tensor::zero::<f32>(&[batch, width * channels])?;
    let rows = floats(&inputs[0])?.chunks_exact(frames * channels).zip(lengths);
    for ((row, length), out) in rows.zip(floats_mut(&mut out)?.chunks_exact_mut(width * channels)) {
        statistic(&row[..length * channels], out);
    }
    Ok(tvec!(out.into_tvalue()))
}
