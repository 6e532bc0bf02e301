//! Weights on their way from memory while a tile computes.

use crate::tile::Coming;
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// Fetches the weights that follow a tile's from memory, evenly over the parts of its work.
pub(super) struct Prefetch {
    start: *const u8,
    /// Bytes fetched so far, and bytes per part, in units of 2⁻¹⁶.
    fetched: usize,
    per_part: usize,
}

impl Prefetch {
    /// `parts` is not zero.
    pub(super) fn new(next: Coming, parts: usize) -> Self {
        Self { start: next.start, fetched: 0, per_part: (next.bytes << 16) / parts }
    }

    /// `LINES` lines from the next part's on.
    #[inline(always)]
    pub(super) fn part<const LINES: usize>(&mut self) {
        let start = self.start.wrapping_add(self.fetched >> 16);
        self.fetched = self.fetched.wrapping_add(self.per_part);
        for line in 0..LINES {
            // SAFETY: every x86-64 has the instruction, and a prefetch may point anywhere, so also past the end.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * 64).cast()) };
        }
    }
}
