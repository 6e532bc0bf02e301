//! Whole-row functions: norms, the parts of a softmax, scaled sums.

use super::exp::exp;
use super::reduce::{LANES, fold, reduce, sum};

/// `(x - mean) / √(variance + eps) · weight + bias`, the variance from the centred values.
#[inline(always)]
pub(crate) fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let n = row.len() as f32;
    let mean = sum(row) / n;
    let square = |sum: f32, x: f32| {
        let centred = x - mean;
        centred.mul_add(centred, sum)
    };
    let variance = reduce(row, 0.0, square, |a, b| a + b) / n;
    let inverse = 1.0 / (variance + eps).sqrt();
    for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
        *x = (*x - mean) * inverse * w + b;
    }
}

/// `row = e^(row - max)`; returns the sum.
#[inline(always)]
pub(crate) fn exp_sum(row: &mut [f32], max: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (chunks, tail) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            chunk[i] = exp(chunk[i] - max);
            lanes[i] += chunk[i];
        }
    }
    for (lane, x) in lanes.iter_mut().zip(tail) {
        *x = exp(*x - max);
        *lane += *x;
    }
    fold(lanes, |a, b| a + b)
}

#[inline(always)]
pub(crate) fn scale(row: &mut [f32], by: f32) {
    for x in row {
        *x *= by;
    }
}

/// `out = a · x`.
#[inline(always)]
pub(crate) fn scaled(a: f32, x: &[f32], out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = a * x;
    }
}

/// `y += a · x`.
#[inline(always)]
pub(crate) fn axpy(a: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = x.mul_add(a, *y);
    }
}
