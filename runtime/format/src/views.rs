//! Bytes of a checked table entry as the numbers they are. Nothing is copied.

use crate::header::TensorEntry;
use crate::packing::{COLUMN_STEP, GROUP_I4, PADDING_BEHIND_PANELS, PANEL_ROWS};

/// A matrix of [`Packing::PanelsF32`](crate::Packing::PanelsF32): per group `[rows/16][columns][16]`.
#[derive(Clone, Copy, Debug)]
pub struct PanelsF32View<'a> {
    /// Independent matrices, one after another.
    pub groups: usize,
    /// Rows of each group (output channels), without padding.
    pub rows: usize,
    /// Columns of each group (inputs).
    pub columns: usize,
    /// `groups * padded rows * columns` elements; padding rows are zero.
    pub data: &'a [f32],
}

/// A matrix of [`Packing::PanelsI8`](crate::Packing::PanelsI8): per group `[rows/16][columns/4][16][4]`.
#[derive(Clone, Copy, Debug)]
pub struct PanelsI8View<'a> {
    /// Independent matrices, one after another.
    pub groups: usize,
    /// Rows of each group (output channels), without padding.
    pub rows: usize,
    /// Columns of each group (inputs), without padding.
    pub columns: usize,
    /// `groups * padded rows * padded columns` elements; padding is zero.
    pub data: &'a [i8],
    /// One scale per padded row of every group: finite, not negative.
    pub scales: &'a [f32],
    /// One sum of a row's elements per padded row of every group.
    pub sums: &'a [i32],
}

/// A matrix of [`Packing::PanelsI4`](crate::Packing::PanelsI4): a weight is (code − 8) · multiplier · scale.
#[derive(Clone, Copy, Debug)]
pub struct PanelsI4View<'a> {
    /// Independent matrices, one after another.
    pub groups: usize,
    /// Rows of each group (output channels), without padding.
    pub rows: usize,
    /// Columns of each group (inputs), without padding.
    pub columns: usize,
    /// Two codes a byte: per group `[rows/16][columns/32][4][64]`.
    pub codes: &'a [u8],
    /// From 0 to 15: per group `[rows/16][columns/32][16]`.
    pub multipliers: &'a [u8],
    /// One scale per padded row of every group: finite, not negative.
    pub scales: &'a [f32],
    /// One sum of (code − 8) · multiplier per padded row of every group.
    pub sums: &'a [i32],
}

/// The bytes of `entry`, which [`table::check`](crate::table::check) found to lie within `file`.
pub(crate) fn bytes_of<'a>(entry: &TensorEntry, file: &'a [u8]) -> &'a [u8] {
    &file[entry.offset as usize..][..entry.length as usize]
}

/// The bytes of a checked entry of f32 elements: tensors start aligned in memory and hold whole elements.
pub(crate) fn f32_elements(bytes: &[u8]) -> &[f32] {
    bytemuck::cast_slice(bytes)
}

/// The bytes of a checked [`Packing::PanelsF32`](crate::Packing::PanelsF32) entry.
pub(crate) fn panels_f32_view<'a>(entry: &TensorEntry, bytes: &'a [u8]) -> PanelsF32View<'a> {
    let [groups, rows, columns] = matrix_sizes(entry);
    PanelsF32View { groups, rows, columns, data: f32_elements(bytes) }
}

/// The bytes of a checked [`Packing::PanelsI8`](crate::Packing::PanelsI8) entry, their values as found, and the padding
/// behind the panels.
pub(crate) fn panels_i8_parts<'a>(entry: &TensorEntry, bytes: &'a [u8]) -> (PanelsI8View<'a>, &'a [u8]) {
    let [groups, rows, columns] = matrix_sizes(entry);
    let padded_rows = groups * rows.next_multiple_of(PANEL_ROWS as usize);
    let elements = padded_rows * columns.next_multiple_of(COLUMN_STEP as usize);
    let (data, rest) = bytes.split_at(elements);
    let (padding, per_row) = rest.split_at(PADDING_BEHIND_PANELS as usize);
    let (scales, sums) = per_row.split_at(padded_rows * size_of::<f32>());
    let (data, scales, sums) = (bytemuck::cast_slice(data), f32_elements(scales), bytemuck::cast_slice(sums));
    (PanelsI8View { groups, rows, columns, data, scales, sums }, padding)
}

/// The bytes of a checked [`Packing::PanelsI4`](crate::Packing::PanelsI4) entry, their values as found.
pub(crate) fn panels_i4_view<'a>(entry: &TensorEntry, bytes: &'a [u8]) -> PanelsI4View<'a> {
    let [groups, rows, columns] = matrix_sizes(entry);
    let padded_rows = groups * rows.next_multiple_of(PANEL_ROWS as usize);
    let elements = padded_rows * columns.next_multiple_of(GROUP_I4 as usize);
    let (codes, rest) = bytes.split_at(elements / 2);
    let (multipliers, per_row) = rest.split_at(elements / GROUP_I4 as usize);
    let (scales, sums) = per_row.split_at(padded_rows * size_of::<f32>());
    let (scales, sums) = (f32_elements(scales), bytemuck::cast_slice(sums));
    PanelsI4View { groups, rows, columns, codes, multipliers, scales, sums }
}

/// A matrix entry's groups, rows and columns. These and their padded product fit `usize`: a checked entry is at
/// least as long in bytes, and lies in memory.
fn matrix_sizes(entry: &TensorEntry) -> [usize; 3] {
    [0, 1, 2].map(|axis| entry.shape[axis] as usize)
}
