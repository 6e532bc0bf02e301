//! What a tile function reads. Operands that do not lie in their slices cannot be made, which is the fact that the
//! functions' unchecked loads rely on.

use super::Coming;
use crate::layout::{PANEL, extent};
use crate::types::{PanelsF32, PanelsI8, RowsF32, RowsI8};
use std::ops::Range;

/// Operands of one int8 tile. There are rows, panels and inputs, and all of them lie in their slices.
#[derive(Clone, Copy)]
pub(crate) struct TileI8<'a> {
    codes: &'a [u8],
    stride: usize,
    rows: usize,
    weights: &'a [i8],
    weight_sums: &'a [[i32; PANEL]],
    panels: usize,
    k: usize,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "there is no stable prefetch"))]
    next: Coming<'a>,
}

impl<'a> TileI8<'a> {
    /// Rows `rows` of `a` by all panels of `w`. `next` are weights that the tiles to come want, to be fetched from memory
    /// meanwhile.
    ///
    /// # Panics
    /// If there are no rows or no panels, or a row does not have its codes.
    #[inline]
    pub(crate) fn new(a: &RowsI8<'a>, rows: Range<usize>, w: &PanelsI8<'a>, next: Coming<'a>) -> Self {
        let tile = Self {
            codes: a.from(rows.start),
            stride: a.stride(),
            rows: rows.len(),
            weights: w.data(),
            weight_sums: w.columns().sums().as_chunks().0,
            panels: w.count(),
            k: w.depth(),
            next,
        };
        tile.check();
        tile
    }

    #[inline]
    fn check(&self) {
        let Self { codes, stride, rows, weights, weight_sums, panels, k, .. } = *self;
        assert!(rows > 0 && panels > 0 && k > 0, "a tile of {rows} rows, {panels} panels and {k} inputs");
        assert!(k.is_multiple_of(PANEL), "{k} inputs, not padded");
        assert!(codes.len() >= extent(rows, stride, k), "{} codes", codes.len());
        assert!(weights.len() >= panels * PANEL * k && weight_sums.len() >= panels, "{panels} panels");
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

    /// The weights of a panel, `[k/4][16][4]`.
    ///
    /// # Panics
    /// If there is no such panel.
    #[inline]
    pub(crate) fn panel(&self, panel: usize) -> &'a [i8] {
        assert!(panel < self.panels, "panel {panel} of {}", self.panels);
        &self.weights[panel * PANEL * self.k..][..PANEL * self.k]
    }
}

/// For loops that step through all rows by one pointer.
impl TileI8<'_> {
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
}

/// For loops that step through all panels by one pointer.
#[cfg(target_arch = "x86_64")]
impl<'a> TileI8<'a> {
    /// Where panel 0 starts. Panel `i` starts `i · 16 · k` weights further on, and has as many.
    #[inline]
    pub(crate) fn weights(&self) -> *const i8 {
        self.weights.as_ptr()
    }

    /// The sum of each column's weights in a panel.
    ///
    /// # Panics
    /// If there is no such panel.
    #[inline]
    pub(crate) fn weight_sums(&self, panel: usize) -> &'a [i32; PANEL] {
        &self.weight_sums[panel]
    }

    /// Weights that the next tiles want.
    #[inline]
    pub(crate) fn next(&self) -> Coming<'a> {
        self.next
    }
}

/// For kernels whose weights must come from a small cache.
#[cfg(target_arch = "aarch64")]
impl TileI8<'_> {
    /// The same tile over some of its inputs.
    ///
    /// # Panics
    /// If it has several panels, or not these inputs, or they do not start and end at multiples of 16.
    #[inline]
    pub(crate) fn inputs(&self, range: Range<usize>) -> Self {
        assert!(self.panels == 1 && range.start.is_multiple_of(PANEL), "inputs {range:?} of a tile");
        let weights = &self.weights[range.start * PANEL..range.end * PANEL];
        let part = Self { codes: &self.codes[range.start..], weights, k: range.len(), ..*self };
        part.check();
        part
    }
}

/// Operands of one f32 tile. There are rows and panels, and all of them lie in their slices.
#[derive(Clone, Copy)]
pub(crate) struct TileF32<'a> {
    values: &'a [f32],
    stride: usize,
    rows: usize,
    weights: &'a [f32],
    panel_stride: usize,
    panels: usize,
    k: usize,
}

impl<'a> TileF32<'a> {
    /// Rows `rows` of `a` by panels `panels` of `w`.
    ///
    /// # Panics
    /// If there are no rows or no panels, or a row does not have its values, or `w` not these panels.
    #[inline]
    pub(crate) fn new(a: &RowsF32<'a>, rows: Range<usize>, w: &PanelsF32<'a>, panels: Range<usize>) -> Self {
        let (values, stride, rows) = (a.from(rows.start), a.stride(), rows.len());
        let (weights, panel_stride, panels, k) =
            (w.from(panels.start), w.panel_stride(), panels.len(), w.k());
        assert!(rows > 0 && panels > 0, "a tile of {rows} rows and {panels} panels");
        assert!(values.len() >= extent(rows, stride, k), "{} values", values.len());
        assert!(weights.len() >= extent(panels, panel_stride, PANEL * k), "{panels} panels");
        Self { values, stride, rows, weights, panel_stride, panels, k }
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

    /// The values of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &'a [f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        &self.values[row * self.stride..][..self.k]
    }

    /// The weights of a panel, `[k][16]`.
    ///
    /// # Panics
    /// If there is no such panel.
    #[inline]
    pub(crate) fn panel(&self, panel: usize) -> &'a [f32] {
        assert!(panel < self.panels, "panel {panel} of {}", self.panels);
        &self.weights[panel * self.panel_stride..][..PANEL * self.k]
    }
}

/// For loops that step through all rows, or all panels, by one pointer.
#[cfg(target_arch = "x86_64")]
impl TileF32<'_> {
    /// Inner dimension.
    #[inline]
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    /// Where row 0 starts. Row `i` starts `i` [strides](Self::stride) further on, and has [`k`](Self::k) values.
    #[inline]
    pub(crate) fn values(&self) -> *const f32 {
        self.values.as_ptr()
    }

    /// Values from one row to the next.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Where panel 0 starts. Panel `i` starts `i` [panel strides](Self::panel_stride) further on, and has `16 · k` weights.
    #[inline]
    pub(crate) fn weights(&self) -> *const f32 {
        self.weights.as_ptr()
    }

    /// Values from one panel to the next.
    #[inline]
    pub(crate) fn panel_stride(&self) -> usize {
        self.panel_stride
    }
}
