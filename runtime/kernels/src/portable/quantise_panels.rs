//! int8 quantisation of activations that are the right operand of a product, as [`panels_i8`](crate::pack::panels_i8) lays
//! weights out: each output column symmetric around zero.

use super::quantise::{inverse, nearest, quantisation, quantise};
use super::reduce::larger;
use crate::layout::{PANEL, padded};
use crate::types::{Quantisation, RowsF32};

/// Rows of `k` values as output columns.
#[inline(always)]
pub(crate) fn of_rows(rows: &RowsF32, k: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
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

/// Rows of `n` values as inputs of `n` output columns.
#[inline(always)]
pub(crate) fn of_columns(rows: &RowsF32, n: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
    let depth = padded(rows.rows());
    let panels = codes.as_chunks_mut::<{ 4 * PANEL }>().0.chunks_exact_mut((depth / 4).max(1));
    let columns = scales.as_chunks_mut::<PANEL>().0.iter_mut().zip(sums.as_chunks_mut::<PANEL>().0);
    for (panel, (inputs, (scales, sums))) in panels.zip(columns).enumerate() {
        let used = PANEL.min(n - panel * PANEL);
        let mut largest = [0.0; PANEL];
        for row in 0..rows.rows() {
            let values = part(rows, row, panel, used);
            for i in 0..PANEL {
                largest[i] = larger(largest[i], values[i].abs());
            }
        }
        let mut inverses = [0.0; PANEL];
        for i in 0..PANEL {
            scales[i] = largest[i] / 127.0;
            inverses[i] = inverse(scales[i]);
        }
        *sums = [0; PANEL];
        for (four, inputs) in inputs.iter_mut().enumerate() {
            let mut words = [0; PANEL];
            for byte in 0..4 {
                let values = part(rows, 4 * four + byte, panel, used);
                for i in 0..PANEL {
                    let code = nearest(values[i] * inverses[i]);
                    sums[i] += i32::from(code as i8);
                    words[i] |= (code & 0xFF) << (8 * byte);
                }
            }
            for i in 0..PANEL {
                for (byte, code) in words[i].to_le_bytes().into_iter().enumerate() {
                    inputs[4 * i + byte] = code as i8;
                }
            }
        }
    }
}

/// Values of one row in the first `used` columns of a panel; the others, and rows past the last, are zero.
#[inline(always)]
fn part(rows: &RowsF32, row: usize, panel: usize, used: usize) -> [f32; PANEL] {
    if row >= rows.rows() {
        return [0.0; PANEL];
    }
    let values = &rows.from(row)[panel * PANEL..][..used];
    values.try_into().unwrap_or_else(|_| {
        let mut padded = [0.0; PANEL];
        padded[..used].copy_from_slice(values);
        padded
    })
}
