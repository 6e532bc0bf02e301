//! The functions of [`Activation`], and the sigmoid.

use super::exp::{exp, exp2};
use super::reduce::LANES;
use crate::types::Activation;

#[inline(always)]
pub(crate) fn activate(f: Activation, row: &mut [f32]) {
    match f {
        Activation::Gelu => apply(row, gelu),
        Activation::GeluNew => apply(row, gelu_new),
        Activation::Relu => apply(row, relu),
        Activation::Selu => apply(row, selu),
        Activation::Silu => apply(row, silu),
        Activation::Tanh => apply(row, tanh),
    }
}

/// Sixteen lanes at a time, so that an in-order core has several chains of operations to alternate between.
#[inline(always)]
pub(crate) fn apply(row: &mut [f32], f: impl Fn(f32) -> f32 + Copy) {
    let (chunks, tail) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        *chunk = map(*chunk, f);
    }
    if !tail.is_empty() {
        let mut padded = [0.0; LANES];
        padded[..tail.len()].copy_from_slice(tail);
        tail.copy_from_slice(&map(padded, f)[..tail.len()]);
    }
}

/// `array::map` would not be compiled for the instruction set of the caller.
#[inline(always)]
pub(crate) fn map(lanes: [f32; LANES], f: impl Fn(f32) -> f32 + Copy) -> [f32; LANES] {
    let mut results = [0.0; LANES];
    for i in 0..LANES {
        results[i] = f(lanes[i]);
    }
    results
}

#[inline(always)]
pub(crate) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// `x · Φ(x) = max(x, 0) - a · Φ(-a)` with `a = |x|`. The logarithm of the tail `Φ(-a)` is so nearly a parabola
/// that a sextic gives it: no cancellation, no division.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    /// Beyond it `a · Φ(-a)` is below 1.1e-7.
    const END: f32 = 5.5;
    let a = if x.abs() > END { END } else { x.abs() };
    // log2 Φ(-a), minimax in the error of a · Φ(-a): 5.2e-8.
    let p: f32 = 3.309_329e-5;
    let p = p.mul_add(a, -7.692_238e-4);
    let p = p.mul_add(a, 8.080_73e-3);
    let p = p.mul_add(a, -5.341_212_5e-2);
    let p = p.mul_add(a, -4.587_709_6e-1);
    let p = p.mul_add(a, -1.151_201_7);
    let p = p.mul_add(a, -9.999_931e-1);
    (-a).mul_add(exp2(p), relu(x))
}

/// As `x · sigmoid(2 · √(2/π) · (x + 0.044715 x³))`.
#[inline(always)]
pub(crate) fn gelu_new(x: f32) -> f32 {
    const LINEAR: f32 = 1.595_769;
    const CUBIC: f32 = 0.071_354_814;
    x * sigmoid(x * (x * x).mul_add(CUBIC, LINEAR))
}

/// Below zero an absolute bound, not a relative one near zero.
#[inline(always)]
pub(crate) fn selu(x: f32) -> f32 {
    const LAMBDA: f32 = 1.050_701;
    const LAMBDA_ALPHA: f32 = 1.758_099_3;
    let below = LAMBDA_ALPHA.mul_add(exp(x), -LAMBDA_ALPHA);
    if x > 0.0 { LAMBDA * x } else { below }
}

#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `1 - 2 / (e^2x + 1)`: an absolute bound, not a relative one near zero.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}
