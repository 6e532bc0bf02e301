//! What a table supplies for the products: one tile by hand, some rows by some panels, everything else being
//! shared. A tile leaves its sums in [`Accumulators`], small enough to stay in the first cache, where the
//! epilogue picks them up.

use crate::PANEL;

/// Most vectors of 16 sums that a tile has.
pub(crate) const MAX_VECTORS: usize = 28;

/// Most panels side by side in a tile.
pub(crate) const MAX_PANELS: usize = 2;

/// Sums of one tile, `[row][panel]`, each a vector of 16 columns.
#[repr(align(64))]
pub(crate) struct Accumulators<T>(pub(crate) [[T; PANEL]; MAX_VECTORS]);

/// Operands of one int8 tile.
pub(crate) struct TileI8<'a> {
    /// From the first row's first code on.
    pub(crate) codes: &'a [u8],
    /// Codes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    /// The tile's panels, each `[k/4][16][4]`.
    pub(crate) weights: &'a [i8],
    /// Sum of each column's weights.
    pub(crate) sums: &'a [i32],
    pub(crate) panels: usize,
    /// Inner dimension, a multiple of 16.
    pub(crate) k: usize,
}

impl TileI8<'_> {
    /// Whether every row and panel lies in its slice: the fact that the tiles' unchecked loads rely on.
    pub(crate) fn in_bounds(&self) -> bool {
        self.k.is_multiple_of(PANEL)
            && self.codes.len() >= (self.rows - 1) * self.stride + self.k
            && self.weights.len() >= self.panels * self.k * PANEL
            && self.sums.len() >= self.panels * PANEL
    }
}

/// Operands of one f32 tile.
pub(crate) struct TileF32<'a> {
    /// From the first row's first value on.
    pub(crate) data: &'a [f32],
    /// Values from one row to the next.
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    /// From the tile's first panel on, each `[k][16]`.
    pub(crate) weights: &'a [f32],
    /// Values from one panel to the next.
    pub(crate) panel_stride: usize,
    pub(crate) panels: usize,
    /// Inner dimension.
    pub(crate) k: usize,
}

impl TileF32<'_> {
    /// See [`TileI8::in_bounds`].
    pub(crate) fn in_bounds(&self) -> bool {
        self.data.len() >= (self.rows - 1) * self.stride + self.k
            && self.weights.len() >= (self.panels - 1) * self.panel_stride + self.k * PANEL
    }
}

/// A tile function and the largest tile it takes (`rows · panels` ≤ [`MAX_VECTORS`], `panels` ≤ [`MAX_PANELS`]).
pub(crate) struct Tile<F> {
    pub(crate) rows: usize,
    pub(crate) panels: usize,
    pub(crate) run: F,
}

/// Writes the first `rows · panels` vectors.
///
/// # Safety
/// The CPU must have the table's features.
pub(crate) type RunI8 = unsafe fn(&TileI8, &mut Accumulators<i32>);

/// Writes the first `rows · panels` vectors.
///
/// # Safety
/// The CPU must have the table's features.
pub(crate) type RunF32 = unsafe fn(&TileF32, &mut Accumulators<f32>);
