//! The relative position bias, before any gate: a table over the distance between key and query.

use tract_core::internal::*;

use super::{Block, floats_mut};
use crate::matrix::Vector;

/// `(heads, 2 · frames - 1)`: entry `d + frames - 1` is the bias of a key `d` frames behind its query.
///
/// The input only tells the number of frames. See `WavLMAttention.compute_bias` of transformers, which stores the same
/// values once per pair of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PositionBias {
    /// `rel_attn_embed`: `[buckets, heads]`
    pub embedding: Vector,
    pub heads: usize,
    pub buckets: usize,
    pub max_distance: usize,
}

impl Block for PositionBias {
    const NAME: &'static str = "PositionBias";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [_, frames, _] = inputs[0].shape.dims() else { bail!("expected (batch, frames, channels)") };
        Ok(tvec!(f32::fact([self.heads.to_dim(), frames.clone() * 2 - 1])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let &[_, frames, _] = inputs[0].shape() else { bail!("expected (batch, frames, channels)") };
        let span = 2 * frames - 1;
        let mut table = Tensor::zero::<f32>(&[self.heads, span])?;
        let values = floats_mut(&mut table)?;
        for i in 0..span {
            let bucket = bucket(i as i64 - (frames as i64 - 1), self.buckets, self.max_distance);
            for head in 0..self.heads {
                values[head * span + i] = self.embedding.values()[bucket * self.heads + head];
            }
        }
        Ok(tvec!(table.into_tvalue()))
    }
}

/// Bucket of a distance (key - query); see `_relative_positions_bucket` of transformers.
///
/// Half of the buckets serve each sign; within a half the first half is exact and the rest logarithmic up to
/// `max_distance`. The logarithm is taken in f32 and truncated, as the reference does: both move bucket borders.
fn bucket(distance: i64, buckets: usize, max_distance: usize) -> usize {
    let half = buckets / 2;
    let exact = half / 2;
    let offset = if distance > 0 { half } else { 0 };
    let distance = distance.unsigned_abs() as usize;
    if distance < exact {
        return offset + distance;
    }
    let range = (max_distance as f64 / exact as f64).ln() as f32;
    let steps = (distance as f32 / exact as f32).ln() / range * (half - exact) as f32;
    offset + ((exact as f32 + steps) as usize).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::bucket;

    /// Values of transformers 4.57 for 320 buckets and distance 800.
    #[test]
    fn buckets_follow_transformers() {
        let of = |distance| bucket(distance, 320, 800);
        assert_eq!([of(0), of(-1), of(1), of(-79), of(79)], [0, 1, 161, 79, 239]);
        assert_eq!([of(-80), of(-800), of(-100_000), of(800)], [80, 159, 159, 319]);
    }
}
