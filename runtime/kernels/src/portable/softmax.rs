//! The parts of a softmax: powers and their sum, in f32 or as codes.

use super::exp::exp;
use super::quantise::ROUND;
use super::reduce::{LANES, fold};
use crate::types::Quantisation;

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

/// Steps from power 0 to power 1.
const STEPS: f32 = 254.0;

/// Codes XOR `ZERO` of `e^(x - max)`, the powers in [0, 1] having the codes ±127; codes past the row are zero.
///
/// Returns the sum of the powers and what the codes stand for. The offset makes up for what rounding takes from them all:
/// most of them may be far below one step.
#[inline(always)]
pub(crate) fn exp_codes<const ZERO: u8>(row: &[f32], max: f32, codes: &mut [u8]) -> (f32, Quantisation) {
    let (codes, rest) = codes.split_at_mut(row.len());
    let (chunks, tail) = row.as_chunks::<LANES>();
    let (code_chunks, code_tail) = codes.as_chunks_mut::<LANES>();
    let (mut powers, mut rounded) = ([0.0; LANES], [0.0; LANES]);
    for (codes, chunk) in code_chunks.iter_mut().zip(chunks) {
        for i in 0..LANES {
            codes[i] = take(chunk[i] - max, &mut powers[i], &mut rounded[i]) ^ ZERO;
        }
    }
    for (i, (code, &x)) in code_tail.iter_mut().zip(tail).enumerate() {
        *code = take(x - max, &mut powers[i], &mut rounded[i]) ^ ZERO;
    }
    rest.fill(ZERO);
    let (sum, of_codes) = (fold(powers, |a, b| a + b), fold(rounded, |a, b| a + b) / STEPS);
    (sum, Quantisation { scale: 1.0 / STEPS, offset: (sum - of_codes) / row.len().max(1) as f32 })
}

/// The code of `e^x`; adds the power and the code to their sums.
#[inline(always)]
fn take(x: f32, powers: &mut f32, codes: &mut f32) -> u8 {
    let power = exp(x);
    let rounded = power.mul_add(STEPS, ROUND - 127.0);
    *powers += power;
    *codes += rounded - ROUND;
    rounded.to_bits() as u8
}
