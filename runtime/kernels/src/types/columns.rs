//! What int8 and int4 panels have in common: their output columns.

use crate::layout::{MAX_INPUTS_I8, PANEL, padded};
use std::ops::Range;

/// Output columns of integer weights, padded to whole panels: a scale and a sum for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a> {
    scales: &'a [f32],
    sums: &'a [i32],
    n: usize,
    k: usize,
}

impl<'a> Columns<'a> {
    /// # Panics
    /// If there is not one of each per column, padding included, or `k` is zero or more than [`MAX_INPUTS_I8`].
    pub(super) fn new(scales: &'a [f32], sums: &'a [i32], n: usize, k: usize) -> Self {
        assert!(k > 0, "weights of no inputs");
        assert!(k <= MAX_INPUTS_I8, "{k} inputs, more than 32-bit sums have room for");
        check_columns(scales, sums, n);
        Self { scales, sums, n, k }
    }

    /// Output columns.
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// Inputs of each output column.
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    /// Inputs of each output column as rows have them, padding included.
    pub(crate) fn depth(&self) -> usize {
        padded(self.k)
    }

    /// Number of panels.
    pub(crate) fn count(&self) -> usize {
        self.n.div_ceil(PANEL)
    }

    /// Those of panels `range` alone.
    pub(super) fn panels(&self, range: Range<usize>) -> Self {
        let columns = range.start * PANEL..range.end * PANEL;
        Self {
            scales: &self.scales[columns.clone()],
            sums: &self.sums[columns.clone()],
            n: columns.end.min(self.n) - columns.start.min(self.n),
            k: self.k,
        }
    }

    pub(crate) fn scales(&self) -> &'a [f32] {
        self.scales
    }

    pub(crate) fn sums(&self) -> &'a [i32] {
        self.sums
    }
}

pub(super) fn check_columns(scales: &[f32], sums: &[i32], n: usize) {
    assert_eq!(scales.len(), padded(n), "scales of {n} columns");
    assert_eq!(sums.len(), padded(n), "sums of {n} columns");
}
