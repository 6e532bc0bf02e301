//! The output of a product: a rectangle of a row-major matrix, which several threads may each hold a part of.

use crate::layout::extent;
use std::marker::PhantomData;
use std::ops::Range;
use std::slice;

/// Exclusive access to a window of a row-major `f32` matrix.
///
/// Windows split off one another are disjoint, although their rows lie interleaved in memory; that is why this
/// is not a slice.
#[derive(Debug)]
pub struct MatMut<'a> {
    start: *mut f32,
    rows: usize,
    columns: usize,
    stride: usize,
    matrix: PhantomData<&'a mut [f32]>,
}

// SAFETY: a window is an exclusive borrow of its own elements, and `f32` may be sent.
unsafe impl Send for MatMut<'_> {}

impl<'a> MatMut<'a> {
    /// Row `i` is `data[i * stride..][..columns]`.
    ///
    /// # Panics
    /// If rows overlap (`stride < columns`) or do not fit.
    pub fn new(data: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(columns <= stride || rows <= 1, "rows of {columns} overlap at stride {stride}");
        let needed = extent(rows, stride, columns);
        assert!(data.len() >= needed, "{rows} rows need {needed} values, there are {}", data.len());
        Self { start: data.as_mut_ptr(), rows, columns, stride, matrix: PhantomData }
    }

    /// Rows that lie side by side: row `i` is `data[i * columns..][..columns]`.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn dense(data: &'a mut [f32], rows: usize, columns: usize) -> Self {
        Self::new(data, rows, columns, columns)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        assert!(i < self.rows, "row {i} of {}", self.rows);
        // `wrapping_add`: an empty row may start past the end of the matrix.
        let start = self.start.wrapping_add(i * self.stride);
        // SAFETY: `new` checked that row `i` lies in the matrix, parts only ever shrink, and no other window
        // holds these elements while `self` is borrowed.
        unsafe { slice::from_raw_parts_mut(start, self.columns) }
    }

    /// Every row, from the first.
    #[inline(always)]
    pub(crate) fn into_rows(self) -> impl Iterator<Item = &'a mut [f32]> {
        // SAFETY: `new` checked that every row lies in the matrix, parts only ever shrink, rows are disjoint, and only
        // the iterator holds `self`. `wrapping_add`: an empty row may start past the end of the matrix.
        (0..self.rows).map(move |i| unsafe {
            slice::from_raw_parts_mut(self.start.wrapping_add(i * self.stride), self.columns)
        })
    }

    /// The window of `rows` and `columns`, while `self` rests.
    ///
    /// # Panics
    /// If it goes past the edges.
    pub fn window(&mut self, rows: Range<usize>, columns: Range<usize>) -> MatMut<'_> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "{rows:?} of {} rows", self.rows);
        assert!(
            columns.start <= columns.end && columns.end <= self.columns,
            "{columns:?} of {}",
            self.columns
        );
        // SAFETY: within the edges; the part borrows `self`.
        unsafe { self.part(rows, columns) }
    }

    /// Columns before `at`, and the rest.
    ///
    /// # Panics
    /// If `at` is past the last column.
    pub fn split_columns(self, at: usize) -> (Self, Self) {
        assert!(at <= self.columns, "column {at} of {}", self.columns);
        // SAFETY: within the edges, disjoint, and `self` is gone.
        unsafe { (self.part(0..self.rows, 0..at), self.part(0..self.rows, at..self.columns)) }
    }

    /// Rows before `at`, and the rest.
    ///
    /// # Panics
    /// If `at` is past the last row.
    pub fn split_rows(self, at: usize) -> (Self, Self) {
        assert!(at <= self.rows, "row {at} of {}", self.rows);
        // SAFETY: within the edges, disjoint, and `self` is gone.
        unsafe { (self.part(0..at, 0..self.columns), self.part(at..self.rows, 0..self.columns)) }
    }

    /// Disjoint windows of `width` columns each, the last one narrower.
    ///
    /// # Panics
    /// If `width` is zero.
    pub fn column_blocks(self, width: usize) -> impl Iterator<Item = Self> {
        let starts = (0..self.columns).step_by(width);
        // SAFETY: within the edges, disjoint, and only the iterator holds `self`.
        starts.map(move |at| unsafe { self.part(0..self.rows, at..(at + width).min(self.columns)) })
    }

    /// Disjoint windows of `height` rows each, the last one shorter.
    ///
    /// # Panics
    /// If `height` is zero.
    pub fn row_blocks(self, height: usize) -> impl Iterator<Item = Self> {
        let starts = (0..self.rows).step_by(height);
        // SAFETY: within the edges, disjoint, and only the iterator holds `self`.
        starts.map(move |at| unsafe { self.part(at..(at + height).min(self.rows), 0..self.columns) })
    }

    /// # Safety
    /// The part must lie within the edges, live within `'a`, and overlap no window in use while it is.
    unsafe fn part<'b>(&self, rows: Range<usize>, columns: Range<usize>) -> MatMut<'b> {
        // `wrapping_add`: an empty part may start past the end of the matrix.
        let start = self.start.wrapping_add(rows.start * self.stride + columns.start);
        MatMut { start, rows: rows.len(), columns: columns.len(), stride: self.stride, matrix: PhantomData }
    }
}
