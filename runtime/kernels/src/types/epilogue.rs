//! What happens to a product on its way to memory.

use std::ops::Range;

/// Element-wise function of a network's hidden layers, within 2.5e-7 · max(1, |result|) of its formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `x · Φ(x)` with the exact normal distribution (erf).
    Gelu,
    /// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
    GeluNew,
    /// `max(x, 0)`.
    Relu,
    /// `λ · x` above zero, `λ · α · (e^x - 1)` below, with λ = 1.0507010 and α = 1.6732632.
    Selu,
    /// `x · sigmoid(x)`.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
}

/// `out = activation(product + bias)`, added to what `out` held if `accumulate`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// One value per output column; zeros if absent.
    pub bias: Option<&'a [f32]>,
    /// Applied after the bias.
    pub activation: Option<Activation>,
    /// Add to the output (a residual, or the next block of `k`) instead of overwriting it.
    pub accumulate: bool,
}

impl Epilogue<'_> {
    /// Adds to the output, and does nothing else.
    pub const ADD: Self = Self { bias: None, activation: None, accumulate: true };

    /// The same for some of the output columns.
    ///
    /// # Panics
    /// If the bias does not have these columns.
    pub fn columns(&self, range: Range<usize>) -> Self {
        Self { bias: self.bias.map(|bias| &bias[range]), ..*self }
    }
}
