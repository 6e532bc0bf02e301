//! Weights on their way from memory while a tile computes.

use crate::tile::TileI8;
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// Fetches the weights that follow a tile's from memory, evenly over its inputs.
pub(super) struct Prefetch {
    start: *const i8,
    /// Bytes per input, in units of 2⁻¹⁶.
    per_input: usize,
}

impl Prefetch {
    pub(super) fn new(t: &TileI8) -> Self {
        let next = t.next();
        Self { start: next.as_ptr(), per_input: (next.len() << 16) / t.k() }
    }

    /// `LINES` lines from what is input `k`'s on.
    #[inline(always)]
    pub(super) fn at<const LINES: usize>(&self, k: usize) {
        let start = self.start.wrapping_add((self.per_input * k) >> 16);
        for line in 0..LINES {
            // SAFETY: every x86-64 has the instruction, and a prefetch may point anywhere, so also past the end.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * 64)) };
        }
    }
}
