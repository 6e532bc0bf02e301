//! From a tile function's registers to the sums of the tile.

use crate::layout::PANEL;
use std::arch::aarch64::*;

/// Adds to the sums of columns `4 * quarter ..` of a row.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn add_i32(sums: int32x4_t, quarter: usize, out: &mut [i32; PANEL]) {
    let out = &mut out.as_chunks_mut::<4>().0[quarter];
    // SAFETY: `out` is `[i32; 4]`.
    unsafe { vst1q_s32(out.as_mut_ptr(), vaddq_s32(vld1q_s32(out.as_ptr()), sums)) }
}

/// Stores sums of columns `4 * quarter ..` of a row, or adds them to those that are there; first adjacent lanes to each other.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn put_pairs<const ADD: bool, const N: usize>(
    sums: [int32x4_t; N],
    quarter: usize,
    out: &mut [i32; PANEL],
) {
    for (i, sums) in sums.as_chunks::<2>().0.iter().enumerate() {
        let sums = vpaddq_s32(sums[0], sums[1]);
        if ADD {
            add_i32(sums, quarter + i, out);
        } else {
            let out = &mut out.as_chunks_mut::<4>().0[quarter + i];
            // SAFETY: `out` is `[i32; 4]`.
            unsafe { vst1q_s32(out.as_mut_ptr(), sums) }
        }
    }
}
