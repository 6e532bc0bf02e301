//! How strongly each frame takes the position bias (`gru_rel_pos_linear` and `gru_rel_pos_const` of `WavLMAttention`).

use tract_core::internal::*;
use wavlm_kernels::{Epilogue, MatMut};

use super::{Block, floats, floats_mut, frames_of};
use crate::engine::Engine;
use crate::matrix::{Affine, Vector, Windows};
use crate::scratch::Scratch;

/// Outputs of the linear layer per head: two gates of four values each.
const GATE_ROWS: usize = 8;

/// `(batch, frames, heads)` from the layer's input `(batch, frames, channels)`, viewed as heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PositionGate {
    pub engine: Engine,
    /// `[1, 8, channels / num_heads]`, shared by all heads.
    pub linear: Affine,
    /// One per head that the layer has.
    pub constants: Vector,
    /// The heads that the layer has, of `num_heads`.
    pub heads: Vec<usize>,
    pub num_heads: usize,
}

impl Block for PositionGate {
    const NAME: &'static str = "PositionGate";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, frames, _] = inputs[0].shape.dims() else { bail!("expected (batch, frames, channels)") };
        Ok(tvec!(f32::fact([batch.clone(), frames.clone(), self.heads.len().to_dim()])))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (batch, frames) = frames_of(&inputs[0], self.num_heads * self.linear.columns())?;
        let mut gates = Tensor::zero::<f32>(&[batch, frames, self.heads.len()])?;
        self.write(floats(&inputs[0])?, floats_mut(&mut gates)?);
        Ok(tvec!(gates.into_tvalue()))
    }
}

impl PositionGate {
    /// The gates of the frames `x`, `(frames, heads)`.
    pub fn write(&self, x: &[f32], gates: &mut [f32]) {
        let pairs = self.pairs(x);
        let rows = gates.chunks_exact_mut(self.heads.len());
        for (gates, pairs) in rows.zip(pairs.chunks_exact(2 * self.num_heads)) {
            for ((gate, &head), constant) in gates.iter_mut().zip(&self.heads).zip(self.constants.values()) {
                let [a, b] = [pairs[2 * head], pairs[2 * head + 1]];
                *gate = a * (b * constant - 1.0) + 2.0;
            }
        }
    }

    /// Both gates of every head of every frame.
    fn pairs(&self, x: &[f32]) -> Scratch<f32> {
        let windows = Windows::dense(x, self.linear.columns());
        let mut projected = Scratch::<f32>::new(windows.rows * GATE_ROWS);
        let out = MatMut::dense(&mut projected, windows.rows, GATE_ROWS);
        self.linear.apply(self.engine, windows, Epilogue::default(), out);
        let mut pairs = Scratch::<f32>::new(windows.rows * 2);
        for (pair, eight) in pairs.chunks_exact_mut(2).zip(projected.chunks_exact(GATE_ROWS)) {
            pair[0] = eight[..4].iter().sum();
            pair[1] = eight[4..].iter().sum();
        }
        self.engine.kernels.sigmoid(&mut pairs);
        pairs
    }
}
