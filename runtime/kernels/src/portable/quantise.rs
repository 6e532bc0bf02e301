//! Symmetric int8 quantisation of activations.

/// `1.5 · 2²³`: adding it rounds a float of small magnitude to an integer, ties to even, whose two's complement
/// then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Scales below it have no finite reciprocal with room to spare: such a row counts as zero.
const SMALLEST_SCALE: f32 = f32::MIN_POSITIVE * 16.0;

/// `codes[i] = round(row[i] / scale)` clamped to ±127, XOR `ZERO`; codes past the row stand for zero.
#[inline(always)]
pub(crate) fn quantise<const ZERO: u8>(row: &[f32], scale: f32, codes: &mut [u8]) {
    let inverse = if scale < SMALLEST_SCALE { 0.0 } else { 1.0 / scale };
    let (codes, rest) = codes.split_at_mut(row.len());
    for (code, &x) in codes.iter_mut().zip(row) {
        let x = x * inverse;
        let x = if x > 127.0 { 127.0 } else { x };
        let x = if x < -127.0 { -127.0 } else { x };
        *code = (x + ROUND).to_bits() as u8 ^ ZERO;
    }
    rest.fill(ZERO);
}
