//! What a table supplies for the products: one tile by hand, some rows by some panels, everything else being
//! shared. A tile leaves its sums where they stay in the first cache, and [`finish`](crate::portable::finish) takes
//! them from there to the output.

use crate::PANEL;

/// Most vectors of 16 values that a tile has.
pub(crate) const MAX_VECTORS: usize = 24;

/// Most panels side by side in a tile.
pub(crate) const MAX_PANELS: usize = 2;

/// Sums of one tile, `[row][panel]`, each a vector of 16 columns.
#[repr(align(64))]
pub(crate) struct Sums<T>(pub(crate) [[T; PANEL]; MAX_VECTORS]);

/// Operands of one int8 tile.
pub(crate) struct TileI8<'a> {
    /// From the first row's first code on.
    pub(crate) codes: &'a [u8],
    /// Codes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    pub(crate) panels: usize,
    /// The tile's panels, each `[k/4][16][4]`.
    pub(crate) weights: &'a [i8],
    /// Weights that the next tiles want, to be fetched from memory meanwhile.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "there is no stable prefetch"))]
    pub(crate) next: &'a [i8],
    /// One vector per panel: the sum of each column's weights.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only kernels that multiply unsigned codes need it")
    )]
    pub(crate) weight_sums: &'a [[i32; PANEL]],
    /// Inner dimension, a multiple of 16.
    pub(crate) k: usize,
}

impl TileI8<'_> {
    /// Whether every row and panel lies in its slice: the fact that the tiles' unchecked loads rely on.
    pub(crate) fn in_bounds(&self) -> bool {
        self.k > 0
            && self.k.is_multiple_of(PANEL)
            && self.codes.len() >= (self.rows - 1) * self.stride + self.k
            && self.weights.len() >= self.panels * self.k * PANEL
    }
}

/// Operands of one f32 tile.
pub(crate) struct TileF32<'a> {
    /// From the first row's first value on.
    pub(crate) data: &'a [f32],
    /// Values from one row to the next.
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    pub(crate) panels: usize,
    /// From the tile's first panel on, each `[k][16]`.
    pub(crate) weights: &'a [f32],
    /// Values from one panel to the next.
    pub(crate) panel_stride: usize,
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
///
/// The function writes the first `rows · panels` vectors; the others may hold anything. Calling it is sound where the
/// CPU has its features.
pub(crate) struct Tile<F> {
    pub(crate) rows: usize,
    /// Rows that are computed together: tiles had better have a multiple of it. Divides `rows`.
    pub(crate) step: usize,
    pub(crate) panels: usize,
    pub(crate) run: F,
}

/// `Σ_k code · weight`, exact; codes in the table's encoding.
pub(crate) type RunI8 = unsafe fn(&TileI8, &mut Sums<i32>);

/// `Σ_k x · weight`, in order of `k`.
pub(crate) type RunF32 = unsafe fn(&TileF32, &mut Sums<f32>);
