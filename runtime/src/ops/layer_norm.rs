//! Layer norm over the channels of every frame.

use tract_core::internal::*;

use super::{Block, floats_mut, owned};
use crate::engine::Engine;
use crate::matrix::Vector;

/// `(x - mean) / sqrt(variance + epsilon) · weight + bias` over the last axis, in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayerNorm {
    pub engine: Engine,
    pub weight: Vector,
    pub bias: Vector,
    /// Bits of the f32 epsilon: tract compares ops for equality.
    pub epsilon_bits: u32,
}

impl Block for LayerNorm {
    const NAME: &'static str = "LayerNorm";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut x = owned(inputs.remove(0));
        let (weight, bias) = (self.weight.values(), self.bias.values());
        let channels = weight.len();
        ensure!(x.shape().last() == Some(&channels), "expected {channels} channels, found {:?}", x.shape());
        let epsilon = f32::from_bits(self.epsilon_bits);
        let values = floats_mut(&mut x)?;
        let per_task = self.engine.rows_per_task(values.len() / channels) * channels;
        self.engine.each(values.chunks_mut(per_task), |rows| {
            for row in rows.chunks_exact_mut(channels) {
                self.engine.kernels.layer_norm(row, weight, bias, epsilon);
            }
        });
        Ok(tvec!(x.into_tvalue()))
    }
}
