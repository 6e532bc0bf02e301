//! The learned mix of all hidden states that a head may read (`use_weighted_layer_sum`), one term at a time.

use tract_core::internal::*;

use super::{Block, floats, floats_mut, owned};
use crate::engine::Engine;

/// `sum + weight · x`. Inputs: `x`, and the sum so far unless this is the first term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WeightedSum {
    pub engine: Engine,
    /// Bits of the f32 weight: tract compares ops for equality.
    pub weight_bits: u32,
}

impl Block for WeightedSum {
    const NAME: &'static str = "WeightedSum";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (kernels, weight) = (self.engine.kernels, f32::from_bits(self.weight_bits));
        if inputs.len() == 1 {
            let mut x = owned(inputs.remove(0));
            kernels.scale(floats_mut(&mut x)?, weight);
            return Ok(tvec!(x.into_tvalue()));
        }
        let (x, sum) = args_2!(inputs);
        ensure!(x.shape() == sum.shape(), "hidden states differ in shape");
        let mut sum = owned(sum);
        kernels.axpy(weight, floats(&x)?, floats_mut(&mut sum)?);
        Ok(tvec!(sum.into_tvalue()))
    }
}
