//! What a tile function of int4 weights reads. Operands that do not lie in their slices cannot be made, which is the fact
//! that the functions' unchecked loads rely on.

use super::Coming;
use crate::layout::{GROUP_I4, PANEL, extent};
use crate::types::{PanelsI4, RowsI8};
use std::ops::Range;

/// Bytes of the codes of one group of inputs of a panel.
pub(crate) const GROUP_CODES: usize = PANEL * GROUP_I4 / 2;

/// Operands of one int4 tile. There are rows, panels and inputs, and all of them lie in their slices.
#[derive(Clone, Copy)]
pub(crate) struct TileI4<'a> {
    codes: &'a [u8],
    stride: usize,
    rows: usize,
    weights: &'a [u8],
    multipliers: &'a [u8],
    panels: usize,
    k: usize,
    next: Coming<'a>,
}

impl<'a> TileI4<'a> {
    /// Rows `rows` of `a` by all panels of `w`. `next` are weights that the tiles to come want, to be fetched from memory
    /// meanwhile.
    ///
    /// # Panics
    /// If there are no rows or no panels, or a row does not have its codes.
    #[inline]
    pub(crate) fn new(a: &RowsI8<'a>, rows: Range<usize>, w: &PanelsI4<'a>, next: Coming<'a>) -> Self {
        let tile = Self {
            codes: a.from(rows.start),
            stride: a.stride(),
            rows: rows.len(),
            weights: w.codes(),
            multipliers: w.multipliers(),
            panels: w.count(),
            k: w.depth(),
            next,
        };
        tile.check();
        tile
    }

    #[inline]
    fn check(&self) {
        let Self { codes, stride, rows, weights, multipliers, panels, k, .. } = *self;
        let groups = panels * self.groups();
        assert!(rows > 0 && panels > 0 && k > 0, "a tile of {rows} rows, {panels} panels and {k} inputs");
        assert!(k.is_multiple_of(PANEL), "{k} inputs, not padded");
        assert!(codes.len() >= extent(rows, stride, k), "{} codes", codes.len());
        assert!(
            weights.len() >= groups * GROUP_CODES && multipliers.len() >= groups * PANEL,
            "{panels} panels"
        );
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

    /// Inputs of each row, a multiple of 16, and not zero.
    #[inline]
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    /// Groups of inputs that share multipliers. The last one has 16 inputs where the others have 32, if
    /// [`k`](Self::k) ends there; its weights are all there.
    #[inline]
    pub(crate) fn groups(&self) -> usize {
        self.k.div_ceil(GROUP_I4)
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

    /// The codes of a group of inputs of a panel, and its multipliers.
    ///
    /// # Panics
    /// If there is no such panel, or no such group.
    #[inline]
    pub(crate) fn group(&self, panel: usize, group: usize) -> (&'a [u8; GROUP_CODES], &'a [u8; PANEL]) {
        let at = panel * self.groups() + group;
        (&self.weights.as_chunks().0[at], &self.multipliers.as_chunks().0[at])
    }

    /// Weights that the next tiles want.
    #[inline]
    pub(crate) fn next(&self) -> Coming<'a> {
        self.next
    }
}
