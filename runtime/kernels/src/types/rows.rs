//! Left operands: activations, row-major, one row per frame.
//!
//! Rows may overlap (`stride` shorter than a row): a convolution over time-major frames reads its windows in
//! place.

use crate::layout::{extent, padded};

/// What the codes of a row stand for: `x ≈ code · scale + offset`.
///
/// The offset is the middle of the row's range. Behind GELU or ReLU, where nearly all of the range lies on one side of
/// zero, it makes the steps half as wide as a symmetric scale would.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantisation {
    /// Step between codes; at least zero.
    pub scale: f32,
    /// Value of the code zero.
    pub offset: f32,
}

/// int8 rows in a table's own byte encoding (see [`Kernels::zero_code`](crate::Kernels::zero_code)), with one
/// [`Quantisation`] each.
#[derive(Clone, Copy, Debug)]
pub struct RowsI8<'a> {
    codes: &'a [u8],
    stride: usize,
    scales: &'a [f32],
    offsets: &'a [f32],
}

impl<'a> RowsI8<'a> {
    /// Row `i` starts at `codes[i * stride]`. For a product over `k` columns it is read up to
    /// [`padded(k)`](padded) codes on; those past `k` meet weights of zero and may hold anything.
    ///
    /// # Panics
    /// If there are not as many offsets as scales, one of each per row.
    pub fn new(codes: &'a [u8], stride: usize, scales: &'a [f32], offsets: &'a [f32]) -> Self {
        assert_eq!(scales.len(), offsets.len(), "one scale and one offset per row");
        Self { codes, stride, scales, offsets }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Bytes from one row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    pub(crate) fn scales(&self) -> &'a [f32] {
        self.scales
    }

    pub(crate) fn offsets(&self) -> &'a [f32] {
        self.offsets
    }

    /// Codes from the start of row `first` on.
    pub(crate) fn from(&self, first: usize) -> &'a [u8] {
        &self.codes[first * self.stride..]
    }

    /// # Panics
    /// If the last row has fewer than `padded(k)` codes.
    pub(crate) fn check(&self, k: usize) {
        let needed = extent(self.rows(), self.stride, padded(k));
        assert!(self.codes.len() >= needed, "rows need {needed} codes, there are {}", self.codes.len());
    }
}

/// f32 rows.
#[derive(Clone, Copy, Debug)]
pub struct RowsF32<'a> {
    data: &'a [f32],
    stride: usize,
    rows: usize,
}

impl<'a> RowsF32<'a> {
    /// Row `i` of a product over `k` columns is `data[i * stride..][..k]`.
    pub fn new(data: &'a [f32], stride: usize, rows: usize) -> Self {
        Self { data, stride, rows }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values from one row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Values from the start of row `first` on.
    pub(crate) fn from(&self, first: usize) -> &'a [f32] {
        &self.data[first * self.stride..]
    }

    /// # Panics
    /// If the last row has fewer than `k` values.
    pub(crate) fn check(&self, k: usize) {
        let needed = extent(self.rows, self.stride, k);
        assert!(self.data.len() >= needed, "rows need {needed} values, there are {}", self.data.len());
    }
}
