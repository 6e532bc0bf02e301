//! Whole-row functions: norm, scaled sums.

use super::reduce::{reduce, sum};

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
        *x = ((*x - mean) * inverse).mul_add(*w, *b);
    }
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
