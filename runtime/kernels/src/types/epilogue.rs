//! What happens to a product on its way to memory.

/// Element-wise function of a network's hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `x · Φ(x)` with the exact normal distribution (erf), within 1e-6 · max(1, |x|).
    Gelu,
    /// The tanh approximation of GELU, within 1e-6 · max(1, |x|) of its own formula.
    GeluNew,
    /// `max(x, 0)`.
    Relu,
    /// `x · sigmoid(x)`, within 1e-6 · max(1, |x|).
    Silu,
    /// Hyperbolic tangent, within 5e-7.
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
