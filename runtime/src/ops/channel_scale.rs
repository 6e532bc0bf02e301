//! A factor for each channel, as pruning may leave one behind the stem.

use tract_core::internal::*;

use super::{Block, floats_mut, frames_of, owned};
use crate::matrix::Vector;

/// `x · factors` along the channels of `(batch, frames, channels)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelScale {
    pub factors: Vector,
}

impl Block for ChannelScale {
    const NAME: &'static str = "ChannelScale";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let factors = self.factors.values();
        frames_of(&inputs[0], factors.len())?;
        let mut x = owned(inputs.remove(0));
        for frame in floats_mut(&mut x)?.chunks_exact_mut(factors.len()) {
            frame.iter_mut().zip(factors).for_each(|(value, factor)| *value *= factor);
        }
        Ok(tvec!(x.into_tvalue()))
    }
}
