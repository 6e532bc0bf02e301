//! Weights on their way from memory while a tile computes.

use crate::layout::GROUP;
use crate::tile::TileI8;
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// Fetches the weights that follow a tile's from memory, evenly over its groups of inputs.
pub(super) struct Prefetch {
    start: *const u8,
    /// Bytes fetched so far, and bytes per group of inputs, in units of 2⁻¹⁶.
    fetched: usize,
    per_group: usize,
}

impl Prefetch {
    pub(super) fn new(t: &TileI8) -> Self {
        let next = t.next();
        Self { start: next.start, fetched: 0, per_group: (next.bytes << 16) / t.k() * GROUP }
    }

    /// `LINES` lines from the next group's on.
    #[inline(always)]
    pub(super) fn group<const LINES: usize>(&mut self) {
        let start = self.start.wrapping_add(self.fetched >> 16);
        self.fetched = self.fetched.wrapping_add(self.per_group);
        for line in 0..LINES {
            // SAFETY: every x86-64 has the instruction, and a prefetch may point anywhere, so also past the end.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * 64).cast()) };
        }
    }
}
