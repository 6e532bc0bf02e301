//! A tensor of an open file, and typed views of its bytes. Nothing is copied.

use std::sync::Arc;
use std::{fmt, ptr};

use crate::error::TensorError;
use crate::file::ModelFile;
use crate::header::{Packing, TensorEntry};
use crate::packing::{COLUMN_STEP, PADDING_BEHIND_PANELS, PANEL_ROWS};
use crate::values;

/// A tensor and the file that holds it; cheap to clone. Two are equal if they are the same tensor of the same
/// opened file, so that comparing never reads weights.
#[derive(Clone)]
pub struct TensorRef {
    file: Arc<ModelFile>,
    index: usize,
}

/// A matrix of [`Packing::PanelsF32`]: per group `[rows/16][columns][16]`.
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

/// A matrix of [`Packing::PanelsI8`]: per group `[rows/16][columns/4][16][4]`.
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

impl TensorRef {
    pub(crate) fn new(file: Arc<ModelFile>, index: usize) -> Self {
        Self { file, index }
    }

    /// Canonical name.
    pub fn name(&self) -> &str {
        &self.entry().name
    }

    /// Logical shape, before padding.
    pub fn shape(&self) -> &[u64] {
        &self.entry().shape
    }

    /// Its line in the file's table.
    pub fn entry(&self) -> &TensorEntry {
        &self.file.header().tensors[self.index]
    }

    /// The elements of a [`Packing::DenseF32`] tensor, row-major.
    pub fn dense(&self) -> Result<&[f32], TensorError> {
        self.expect(Packing::DenseF32)?;
        Ok(f32_elements(self.bytes()))
    }

    /// As [`TensorRef::dense`], and every element is finite.
    pub fn finite(&self) -> Result<&[f32], TensorError> {
        let elements = self.dense()?;
        values::check_finite(self.name(), elements)?;
        Ok(elements)
    }

    /// The panels of a [`Packing::PanelsF32`] matrix.
    pub fn panels_f32(&self) -> Result<PanelsF32View<'_>, TensorError> {
        self.expect(Packing::PanelsF32)?;
        Ok(panels_f32_view(self.entry(), self.bytes()))
    }

    /// The panels, scales and sums of a [`Packing::PanelsI8`] matrix. Every scale is checked here.
    pub fn panels_i8(&self) -> Result<PanelsI8View<'_>, TensorError> {
        let view = self.panels_i8_again()?;
        values::check_scales(self.name(), view.scales)?;
        Ok(view)
    }

    /// As [`TensorRef::panels_i8`], for a tensor that it has accepted before: the scales are not read again.
    pub fn panels_i8_again(&self) -> Result<PanelsI8View<'_>, TensorError> {
        self.expect(Packing::PanelsI8)?;
        Ok(panels_i8_parts(self.entry(), self.bytes()).0)
    }

    fn expect(&self, expected: Packing) -> Result<(), TensorError> {
        let found = self.entry().packing;
        if found == expected {
            return Ok(());
        }
        Err(TensorError::Packing { name: self.name().to_owned(), expected, found })
    }

    fn bytes(&self) -> &[u8] {
        bytes_of(self.entry(), self.file.bytes())
    }
}

/// The bytes of `entry`, which [`table::check`](crate::table::check) found to lie within `file`.
pub(crate) fn bytes_of<'a>(entry: &TensorEntry, file: &'a [u8]) -> &'a [u8] {
    &file[entry.offset as usize..][..entry.length as usize]
}

/// The bytes of a checked entry of f32 elements: tensors start aligned in memory and hold whole elements.
pub(crate) fn f32_elements(bytes: &[u8]) -> &[f32] {
    bytemuck::cast_slice(bytes)
}

/// The bytes of a checked [`Packing::PanelsF32`] entry.
pub(crate) fn panels_f32_view<'a>(entry: &TensorEntry, bytes: &'a [u8]) -> PanelsF32View<'a> {
    let [groups, rows, columns] = matrix_sizes(entry);
    PanelsF32View { groups, rows, columns, data: f32_elements(bytes) }
}

/// The bytes of a checked [`Packing::PanelsI8`] entry, their values as found, and the padding behind the panels.
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

/// A matrix entry's groups, rows and columns. These and their padded product fit `usize`: a checked entry is at
/// least as long in bytes, and lies in memory.
fn matrix_sizes(entry: &TensorEntry) -> [usize; 3] {
    [0, 1, 2].map(|axis| entry.shape[axis] as usize)
}

impl PartialEq for TensorRef {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(Arc::as_ptr(&self.file), Arc::as_ptr(&other.file)) && self.index == other.index
    }
}

impl Eq for TensorRef {}

impl fmt::Debug for TensorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TensorEntry { name, packing, shape, .. } = self.entry();
        write!(f, "{name} {packing:?} {shape:?}")
    }
}
