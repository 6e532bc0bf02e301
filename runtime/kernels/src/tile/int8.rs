//! int8 weights of a tile.

use super::Coming;
use super::integer::{IntegerTile, Weights};
use crate::layout::PANEL;
use crate::types::{PanelsI8, RowsI8};
use std::ops::Range;

/// Operands of one int8 tile.
pub(crate) type TileI8<'a> = IntegerTile<'a, WeightsI8<'a>>;

/// Weights as [`PanelsI8`] has them, and the sum of each column's.
#[derive(Clone, Copy)]
pub(crate) struct WeightsI8<'a> {
    data: &'a [i8],
    sums: &'a [[i32; PANEL]],
}

impl Weights for WeightsI8<'_> {
    #[inline]
    fn check(&self, panels: usize, k: usize) {
        assert!(self.data.len() >= panels * PANEL * k && self.sums.len() >= panels, "{panels} panels");
    }
}

impl<'a> TileI8<'a> {
    /// Rows `rows` of `a` by all panels of `w`. `next` are weights that the tiles to come want, to be fetched from memory
    /// meanwhile.
    ///
    /// # Panics
    /// If there are no rows or no panels, or a row does not have its codes.
    #[inline]
    pub(crate) fn new(a: &RowsI8<'a>, rows: Range<usize>, w: &PanelsI8<'a>, next: Coming<'a>) -> Self {
        let weights = WeightsI8 { data: w.data(), sums: w.columns().sums().as_chunks().0 };
        Self::of(a, rows, w.columns().depth(), weights, w.count(), next)
    }

    /// The weights of a panel, `[k/4][16][4]`.
    ///
    /// # Panics
    /// If there is no such panel.
    #[inline]
    pub(crate) fn panel(&self, panel: usize) -> &'a [i8] {
        assert!(panel < self.panels(), "panel {panel} of {}", self.panels());
        &self.weights.data[panel * PANEL * self.k()..][..PANEL * self.k()]
    }
}

/// For loops that step through all panels by one pointer.
#[cfg(target_arch = "x86_64")]
impl<'a> TileI8<'a> {
    /// Where panel 0 starts. Panel `i` starts `i · 16 · k` weights further on, and has as many.
    #[inline]
    pub(crate) fn weights(&self) -> *const i8 {
        self.weights.data.as_ptr()
    }

    /// The sum of each column's weights in a panel.
    ///
    /// # Panics
    /// If there is no such panel.
    #[inline]
    pub(crate) fn weight_sums(&self, panel: usize) -> &'a [i32; PANEL] {
        &self.weights.sums[panel]
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
        assert!(self.panels() == 1 && range.start.is_multiple_of(PANEL), "inputs {range:?} of a tile");
        let data = &self.weights.data[range.start * PANEL..range.end * PANEL];
        self.over(range, WeightsI8 { data, ..self.weights })
    }
}
