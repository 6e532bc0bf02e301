//! What a tile function of integer weights reads. Operands that do not lie in their slices cannot be made, which is the fact
//! that the functions' unchecked loads rely on.

use super::Coming;
use crate::layout::{PANEL, extent};
use crate::types::RowsI8;
use std::ops::Range;

/// Operands of one tile, with weights stored as `W`. There are rows, panels and inputs, and all of them lie in their slices.
#[derive(Clone, Copy)]
pub(crate) struct IntegerTile<'a, W> {
    codes: &'a [u8],
    stride: usize,
    rows: usize,
    k: usize,
    pub(super) weights: W,
    panels: usize,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "there is no stable prefetch"))]
    next: Coming<'a>,
}

/// Weights of some panels, of which all have to be there.
pub(crate) trait Weights: Copy {
    /// # Panics
    /// If there are not so many panels of `k` inputs.
    fn check(&self, panels: usize, k: usize);
}

impl<'a, W: Weights> IntegerTile<'a, W> {
    /// Rows `rows` of `a`, of which each has `k` codes, by the first `panels` of `weights`. `next` are weights that the tiles to
    /// come want, to be fetched from memory meanwhile.
    ///
    /// # Panics
    /// If there are no rows or no panels, or a row does not have its codes, or a panel not its weights.
    #[inline]
    pub(super) fn of(
        a: &RowsI8<'a>,
        rows: Range<usize>,
        k: usize,
        weights: W,
        panels: usize,
        next: Coming<'a>,
    ) -> Self {
        let (codes, stride, rows) = (a.from(rows.start), a.stride(), rows.len());
        let tile = Self { codes, stride, rows, k, weights, panels, next };
        tile.check();
        tile
    }

    #[inline]
    fn check(&self) {
        let Self { codes, stride, rows, panels, k, .. } = *self;
        assert!(rows > 0 && panels > 0 && k > 0, "a tile of {rows} rows, {panels} panels and {k} inputs");
        assert!(k.is_multiple_of(PANEL), "{k} inputs, not padded");
        assert!(codes.len() >= extent(rows, stride, k), "{} codes", codes.len());
        self.weights.check(panels, k);
    }

    /// Number of rows; not zero.
    #[inline]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of panels; not zero.
    #[inline]
    pub(crate) fn panels(&self) -> usize {
        self.panels
    }

    /// Inner dimension, a multiple of 16, and not zero.
    #[inline]
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    /// The codes of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &'a [u8] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        &self.codes[row * self.stride..][..self.k]
    }

    /// Where row 0 starts. Row `i` starts `i` [strides](Self::stride) further on, and has [`k`](Self::k) codes.
    #[inline]
    pub(crate) fn codes(&self) -> *const u8 {
        self.codes.as_ptr()
    }

    /// Codes from one row to the next.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Weights that the next tiles want.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn next(&self) -> Coming<'a> {
        self.next
    }

    /// The same rows and panels over inputs `range` alone, of which `weights` are all.
    ///
    /// # Panics
    /// If they are not there.
    #[cfg(target_arch = "aarch64")]
    #[inline]
    pub(super) fn over(&self, range: Range<usize>, weights: W) -> Self {
        let part = Self { codes: &self.codes[range.start..], weights, k: range.len(), ..*self };
        part.check();
        part
    }
}
