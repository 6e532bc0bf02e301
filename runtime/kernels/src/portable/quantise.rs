//! int8 quantisation of activations: the range of a row onto 255 codes.

use super::reduce::{self, larger, smaller};
use crate::types::Quantisation;

/// `1.5 · 2²³`: adding it rounds a float of small magnitude to an integer, ties to even, whose two's complement
/// then stands in the low bits.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Scales below it have no finite reciprocal with room to spare: such a row counts as zero.
const SMALLEST_SCALE: f32 = f32::MIN_POSITIVE * 16.0;

/// The codes ±127 onto the smallest and the largest value. NaN is ignored. A row of nothing but NaN gives a scale or an
/// offset that is not a number either, and so does the product.
#[inline(always)]
pub(crate) fn quantisation(row: &[f32]) -> Quantisation {
    if row.is_empty() {
        return Quantisation::default();
    }
    let (smallest, largest) = reduce::row_range(row);
    Quantisation { scale: largest / 254.0 - smallest / 254.0, offset: 0.5 * largest + 0.5 * smallest }
}

/// `codes[i] = round((row[i] - offset) / scale)` clamped to ±127, XOR `ZERO`; codes past the row are zero.
#[inline(always)]
pub(crate) fn quantise<const ZERO: u8>(row: &[f32], q: Quantisation, codes: &mut [u8]) {
    let inverse = inverse(q.scale);
    let (codes, rest) = codes.split_at_mut(row.len());
    for (code, &x) in codes.iter_mut().zip(row) {
        *code = nearest((x - q.offset) * inverse) as u8 ^ ZERO;
    }
    rest.fill(ZERO);
}

#[inline(always)]
pub(super) fn inverse(scale: f32) -> f32 {
    if scale < SMALLEST_SCALE { 0.0 } else { 1.0 / scale }
}

/// The integer nearest to `x`, clamped to ±127, in the low byte.
#[inline(always)]
pub(super) fn nearest(x: f32) -> u32 {
    (larger(smaller(x, 127.0), -127.0) + ROUND).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_clamped() {
        let mut codes = [77; 5];
        let quantisation = Quantisation { scale: 1.0, offset: 0.0 };
        quantise::<0>(&[300.0, -300.0, f32::INFINITY, f32::NEG_INFINITY], quantisation, &mut codes);
        assert_eq!(codes.map(|code| code as i8), [127, -127, 127, -127, 0]);
    }
}
