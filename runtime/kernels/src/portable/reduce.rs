//! Sums and maxima, in a fixed order.

use std::hint::black_box;

/// Partial results of a reduction: element `i` goes to lane `i % LANES`, and the lanes are folded in halves.
pub(crate) const LANES: usize = 16;

/// Largest value; -∞ for an empty row. NaN is ignored.
#[inline(always)]
pub(crate) fn row_max(row: &[f32]) -> f32 {
    reduce(row, f32::NEG_INFINITY, larger, larger)
}

/// Smallest and largest value; ∞ and -∞ for an empty row. NaN is ignored.
#[inline(always)]
pub(crate) fn row_range(row: &[f32]) -> (f32, f32) {
    let (chunks, tail) = row.as_chunks::<LANES>();
    let (mut lowest, mut highest) = ranges(chunks);
    for ((lowest, highest), &x) in lowest.iter_mut().zip(&mut highest).zip(tail) {
        *lowest = smaller(*lowest, x);
        *highest = larger(*highest, x);
    }
    (fold(lowest, smaller), fold(highest, larger))
}

/// Lanes of [`row_range`], opaque: seeing how they are folded, the compiler would keep them in pieces all along.
#[inline(always)]
fn ranges(chunks: &[[f32; LANES]]) -> ([f32; LANES], [f32; LANES]) {
    let mut lowest = [f32::INFINITY; LANES];
    let mut highest = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lowest[i] = smaller(lowest[i], chunk[i]);
            highest[i] = larger(highest[i], chunk[i]);
        }
    }
    (black_box(lowest), black_box(highest))
}

#[inline(always)]
pub(crate) fn sum(row: &[f32]) -> f32 {
    reduce(row, 0.0, |sum, x| sum + x, |a, b| a + b)
}

/// The larger of `a` and `b`; `a` if `b` is NaN. 64-bit ARM has that as an instruction, x86-64 has the comparison.
#[inline(always)]
pub(crate) fn larger(a: f32, b: f32) -> f32 {
    if cfg!(target_arch = "aarch64") {
        a.max(b)
    } else if b > a {
        b
    } else {
        a
    }
}

/// The smaller of `a` and `b`; `a` if `b` is NaN.
#[inline(always)]
pub(crate) fn smaller(a: f32, b: f32) -> f32 {
    if cfg!(target_arch = "aarch64") {
        a.min(b)
    } else if b < a {
        b
    } else {
        a
    }
}

/// Takes every element into its lane by `take`, then the lanes into one another by `join`.
#[inline(always)]
pub(crate) fn reduce(
    row: &[f32],
    start: f32,
    take: impl Fn(f32, f32) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    let (chunks, tail) = row.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = take(lanes[i], chunk[i]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(tail) {
        *lane = take(*lane, x);
    }
    fold(lanes, join)
}

/// Joins the upper half of the lanes to the lower one until one is left.
#[inline(always)]
pub(crate) fn fold(lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let lanes: [f32; 8] = halve(&lanes, &join);
    let lanes: [f32; 4] = halve(&lanes, &join);
    let lanes: [f32; 2] = halve(&lanes, &join);
    join(lanes[0], lanes[1])
}

#[inline(always)]
fn halve<const HALF: usize>(lanes: &[f32], join: impl Fn(f32, f32) -> f32) -> [f32; HALF] {
    let mut joined = [0.0; HALF];
    for i in 0..HALF {
        joined[i] = join(lanes[i], lanes[i + HALF]);
    }
    joined
}
