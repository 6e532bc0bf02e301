//! From a tile function's registers to the sums of the tile.

use crate::layout::PANEL;
use std::arch::x86_64::*;

/// Stores the sums of a tile, one vector of 16 after another.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(sums: &[[__m256i; 2]], out: &mut [[i32; PANEL]]) {
    for (sums, out) in sums.iter().zip(out) {
        for (half, to) in sums.iter().zip(out.as_chunks_mut::<8>().0) {
            // SAFETY: `to` is `[i32; 8]`.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), *half) };
        }
    }
}
