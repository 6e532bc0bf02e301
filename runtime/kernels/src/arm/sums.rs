//! From a tile function's registers to the sums of the tile.

use crate::layout::PANEL;
use std::arch::aarch64::*;

/// Stores sums of columns `4 * quarter ..` of a row, or adds them to those that are there.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn put_i32<const ADD: bool>(sums: int32x4_t, quarter: usize, out: &mut [i32; PANEL]) {
    let out = &mut out.as_chunks_mut::<4>().0[quarter];
    // SAFETY: `out` is `[i32; 4]`.
    unsafe {
        let sums = if ADD { vaddq_s32(vld1q_s32(out.as_ptr()), sums) } else { sums };
        vst1q_s32(out.as_mut_ptr(), sums);
    }
}

/// The same, first adjacent lanes added to each other.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn put_pairs<const ADD: bool, const N: usize>(
    sums: [int32x4_t; N],
    quarter: usize,
    out: &mut [i32; PANEL],
) {
    for (i, sums) in sums.as_chunks::<2>().0.iter().enumerate() {
        put_i32::<ADD>(vpaddq_s32(sums[0], sums[1]), quarter + i, out);
    }
}
