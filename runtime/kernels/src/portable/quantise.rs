//! int8 quantisation of activations: the range of a row onto 255 codes.

use super::reduce;
use crate::types::{Quantisation, RowsF32};
use crate::{PANEL, padded};

/// `1.5 · 2²³`: adding it rounds a float of small magnitude to an integer, ties to even, whose two's complement
/// then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Scales below it have no finite reciprocal with room to spare: such a row counts as zero.
const SMALLEST_SCALE: f32 = f32::MIN_POSITIVE * 16.0;

/// The codes ±127 onto the smallest and the largest value. NaN is ignored; where nothing is a number, so is nothing of the
/// product.
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
    let inverse = if q.scale < SMALLEST_SCALE { 0.0 } else { 1.0 / q.scale };
    let (codes, rest) = codes.split_at_mut(row.len());
    for (code, &x) in codes.iter_mut().zip(row) {
        let x = (x - q.offset) * inverse;
        let x = if x > 127.0 { 127.0 } else { x };
        let x = if x < -127.0 { -127.0 } else { x };
        *code = (x + ROUND).to_bits() as u8 ^ ZERO;
    }
    rest.fill(ZERO);
}

/// Rows of `k` values as output columns of int8 panels, each symmetric around zero.
#[inline(always)]
pub(crate) fn quantise_panels(
    rows: &RowsF32,
    k: usize,
    codes: &mut [i8],
    scales: &mut [f32],
    sums: &mut [i32],
) {
    /// Codes that are laid out together, a multiple of four.
    const STEP: usize = 64;
    let depth = padded(k);
    for (row, (scale, sum)) in scales.iter_mut().zip(sums).enumerate() {
        let panel = codes[row / PANEL * PANEL * depth..][..PANEL * depth].as_chunks_mut::<4>().0;
        (*scale, *sum) = (0.0, 0);
        let lane = row % PANEL;
        if row >= rows.rows() {
            panel.iter_mut().skip(lane).step_by(PANEL).for_each(|group| *group = [0; 4]);
            continue;
        }
        let values = &rows.from(row)[..k];
        let range = quantisation(values);
        *scale = range.scale + range.offset.abs() / 127.0;
        let quantisation = Quantisation { scale: *scale, offset: 0.0 };
        for (i, groups) in panel.chunks_mut(STEP / 4 * PANEL).enumerate() {
            let mut step = [0; STEP];
            let values = &values[(i * STEP).min(k)..((i + 1) * STEP).min(k)];
            quantise::<0>(values, quantisation, &mut step);
            for (group, codes) in groups.iter_mut().skip(lane).step_by(PANEL).zip(step.as_chunks::<4>().0) {
                *group = codes.map(|code| code as i8);
            }
            *sum += step.iter().map(|&code| i32::from(code as i8)).sum::<i32>();
        }
    }
}
