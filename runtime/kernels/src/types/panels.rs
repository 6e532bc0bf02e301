//! Right operands: weights (or keys and values) in panels of [`PANEL`] output columns. See [`crate::pack`].

use super::columns::{Columns, check_columns};
use crate::layout::{GROUP_I4, PANEL, padded};
use std::ops::Range;

/// int8 weights `[panels][padded(k)/4][16][4]` with a scale and a sum per output column.
#[derive(Clone, Copy, Debug)]
pub struct PanelsI8<'a> {
    data: &'a [i8],
    columns: Columns<'a>,
}

impl<'a> PanelsI8<'a> {
    /// `n` output columns over `k` inputs, as [`pack::panels_i8`](crate::pack::panels_i8) lays them out, each
    /// weight in ±127. `sums[j]` is the sum of column `j`'s weights; `scales` and `sums` are padded like `n`.
    ///
    /// # Panics
    /// If a length does not fit, or `k` is zero or more than [`MAX_INPUTS_I8`](crate::MAX_INPUTS_I8).
    pub fn new(data: &'a [i8], scales: &'a [f32], sums: &'a [i32], n: usize, k: usize) -> Self {
        let columns = Columns::new(scales, sums, n, k);
        check_codes_i8(data, n, k);
        Self { data, columns }
    }

    /// Output columns.
    pub fn n(&self) -> usize {
        self.columns.n()
    }

    /// Inputs of each output column.
    pub fn k(&self) -> usize {
        self.columns.k()
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        self.columns.count()
    }

    /// Panels `range` alone: output columns `16 * range.start ..`.
    ///
    /// # Panics
    /// If the range goes past the last panel.
    pub fn panels(&self, range: Range<usize>) -> Self {
        let length = PANEL * self.columns.depth();
        let data = &self.data[range.start * length..range.end * length];
        Self { data, columns: self.columns.panels(range) }
    }

    pub(crate) fn data(&self) -> &'a [i8] {
        self.data
    }

    pub(crate) fn columns(&self) -> &Columns<'a> {
        &self.columns
    }
}

/// Panics unless these have the lengths that int8 panels of `n` output columns over `k` inputs have.
pub(crate) fn check_panels_i8(codes: &[i8], scales: &[f32], sums: &[i32], n: usize, k: usize) {
    check_codes_i8(codes, n, k);
    check_columns(scales, sums, n);
}

fn check_codes_i8(codes: &[i8], n: usize, k: usize) {
    assert_eq!(codes.len(), padded(n) * padded(k), "packed weights of {n} x {k}");
}

/// int4 weights: `(code - 8) · multiplier` is the int8 weight that one stands for. See [`crate::pack::panels_i4`].
#[derive(Clone, Copy, Debug)]
pub struct PanelsI4<'a> {
    codes: &'a [u8],
    multipliers: &'a [u8],
    columns: Columns<'a>,
}

impl<'a> PanelsI4<'a> {
    /// `n` output columns over `k` inputs. `codes` and `multipliers` as [`pack::panels_i4`](crate::pack::panels_i4) and
    /// [`pack::multipliers_i4`](crate::pack::multipliers_i4) lay them out; `scales` and `sums` are what [`PanelsI8`] wants
    /// beside the int8 weights.
    ///
    /// # Panics
    /// As [`PanelsI8::new`] does.
    pub fn new(
        codes: &'a [u8],
        multipliers: &'a [u8],
        scales: &'a [f32],
        sums: &'a [i32],
        n: usize,
        k: usize,
    ) -> Self {
        let columns = Columns::new(scales, sums, n, k);
        let groups = k.div_ceil(GROUP_I4);
        assert_eq!(codes.len(), padded(n) * groups * GROUP_I4 / 2, "codes of {n} x {k}");
        assert_eq!(multipliers.len(), padded(n) * groups, "multipliers of {n} x {k}");
        Self { codes, multipliers, columns }
    }

    /// Output columns.
    pub fn n(&self) -> usize {
        self.columns.n()
    }

    /// Inputs of each output column.
    pub fn k(&self) -> usize {
        self.columns.k()
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        self.columns.count()
    }

    /// Panels `range` alone: output columns `16 * range.start ..`.
    ///
    /// # Panics
    /// If the range goes past the last panel.
    pub fn panels(&self, range: Range<usize>) -> Self {
        let groups = PANEL * self.k().div_ceil(GROUP_I4);
        let bytes = groups * GROUP_I4 / 2;
        Self {
            codes: &self.codes[range.start * bytes..range.end * bytes],
            multipliers: &self.multipliers[range.start * groups..range.end * groups],
            columns: self.columns.panels(range),
        }
    }

    pub(crate) fn codes(&self) -> &'a [u8] {
        self.codes
    }

    pub(crate) fn multipliers(&self) -> &'a [u8] {
        self.multipliers
    }

    pub(crate) fn columns(&self) -> &Columns<'a> {
        &self.columns
    }
}

/// f32 weights, keys or values `[panels][k][16]`.
#[derive(Clone, Copy, Debug)]
pub struct PanelsF32<'a> {
    data: &'a [f32],
    panel_stride: usize,
    n: usize,
    k: usize,
}

impl<'a> PanelsF32<'a> {
    /// `n` output columns over `k` inputs, as [`pack::panels_f32`](crate::pack::panels_f32) lays them out.
    ///
    /// # Panics
    /// If the length does not fit.
    pub fn new(data: &'a [f32], n: usize, k: usize) -> Self {
        assert_eq!(data.len(), padded(n) * k, "packed weights of {n} x {k}");
        Self { data, panel_stride: k * PANEL, n, k }
    }

    /// Output columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Inputs of each output column.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        self.n.div_ceil(PANEL)
    }

    /// Panels `range` alone: output columns `16 * range.start ..`.
    ///
    /// # Panics
    /// If the range goes past the last panel.
    pub fn panels(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.count(),
            "{range:?} of {} panels",
            self.count()
        );
        let n = (range.end * PANEL).min(self.n) - (range.start * PANEL).min(self.n);
        Self { data: &self.data[(range.start * self.panel_stride).min(self.data.len())..], n, ..*self }
    }

    /// Weight of input `input` in output column `column`.
    ///
    /// # Panics
    /// If there is no such weight.
    pub fn weight(&self, column: usize, input: usize) -> f32 {
        assert!(column < self.n && input < self.k, "weight ({column}, {input}) of {} x {}", self.n, self.k);
        self.data[column / PANEL * self.panel_stride + input * PANEL + column % PANEL]
    }

    /// The same columns over inputs `range` alone: a block of a product's inner dimension.
    ///
    /// # Panics
    /// If the range goes past `k`.
    pub fn k_range(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.k, "{range:?} of {} inputs", self.k);
        Self { data: &self.data[(range.start * PANEL).min(self.data.len())..], k: range.len(), ..*self }
    }

    /// Values from the start of panel `first` on.
    pub(crate) fn from(&self, first: usize) -> &'a [f32] {
        &self.data[first * self.panel_stride..]
    }

    pub(crate) fn panel_stride(&self) -> usize {
        self.panel_stride
    }
}
