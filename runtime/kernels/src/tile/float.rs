//! What a tile function of f32 weights reads; checked when it is made, as [`IntegerTile`](super::integer::IntegerTile) is.

use crate::layout::{PANEL, extent};
use crate::types::{PanelsF32, RowsF32};
use std::ops::Range;

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
