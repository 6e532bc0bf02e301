//! A tile of a product: some rows by some panels. Each instruction set computes tiles by hand; everything else is shared.
//! A tile leaves its sums where they stay in the first cache, and the finish takes them from there to the output.

mod coming;
mod finish;
mod float;
mod int4;
mod int8;
mod integer;

pub(crate) use coming::Coming;
pub(crate) use finish::{Finish, Scales};
pub(crate) use float::TileF32;
pub(crate) use int4::TileI4;
pub(crate) use int8::TileI8;

use crate::layout::PANEL;

/// Most vectors of 16 values that a tile has.
pub(crate) const MAX_VECTORS: usize = 24;

/// Most panels side by side in a tile.
pub(crate) const MAX_PANELS: usize = 2;

/// Sums of one tile, `[row][panel]`, each a vector of 16 columns.
#[repr(align(64))]
pub(crate) struct Sums<T>(pub(crate) [[T; PANEL]; MAX_VECTORS]);

/// The largest tile that a function takes.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// At most [`MAX_VECTORS`]` / panels`.
    pub(crate) rows: usize,
    /// Rows that are computed together: tiles had better have a multiple of it. Divides `rows`.
    pub(crate) step: usize,
    /// At most [`MAX_PANELS`].
    pub(crate) panels: usize,
}

/// A tile function and the largest tile that it takes.
///
/// The function writes the first `rows · panels` vectors; the others may hold anything. Calling it is sound where the
/// CPU has its features.
pub(crate) struct Tile<F> {
    pub(crate) size: Size,
    pub(crate) run: F,
}

/// `Σ_k code · weight`, exact; codes in the table's encoding.
pub(crate) type RunI8 = unsafe fn(&TileI8, &mut Sums<i32>);

/// `Σ_k code · (weight code - 8) · multiplier`, exact.
pub(crate) type RunI4 = unsafe fn(&TileI4, &mut Sums<i32>);

/// `Σ_k x · weight`, in order of `k`.
pub(crate) type RunF32 = unsafe fn(&TileF32, &mut Sums<f32>);
