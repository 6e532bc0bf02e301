//! Loop order of the products, the same for every table.
//!
//! Rows are taken in chunks that fit a second-level cache; over each chunk sweeps one tile's width of panels after
//! another, so a panel is read from memory once per chunk and stays in the first cache for all of the chunk's rows.

use crate::layout::{PANEL, padded};
use crate::spans::{even_spans, spans};
use crate::table::Kernels;
use crate::tile::{
    Coming, Finish, MAX_PANELS, MAX_VECTORS, Scales, Size, Sums, Tile, TileF32, TileI4, TileI8,
};
use crate::types::{Columns, Epilogue, MatMut, PanelsF32, PanelsI4, PanelsI8, RowsF32, RowsI8};
use std::ops::Range;

/// Bytes of activations that stay in the second-level cache beside a tile's panels.
const CHUNK_BYTES: usize = 192 * 1024;

/// Integer weights, however they are stored.
trait IntegerPanels: Sized {
    fn columns(&self) -> &Columns<'_>;
    /// Panels `range` alone.
    fn part(&self, range: Range<usize>) -> Self;
    /// What is read of them.
    fn bytes(&self) -> Coming<'_>;
}

impl IntegerPanels for PanelsI8<'_> {
    fn columns(&self) -> &Columns<'_> {
        self.columns()
    }

    fn part(&self, range: Range<usize>) -> Self {
        self.panels(range)
    }

    fn bytes(&self) -> Coming<'_> {
        Coming::of(self.data())
    }
}

impl IntegerPanels for PanelsI4<'_> {
    fn columns(&self) -> &Columns<'_> {
        self.columns()
    }

    fn part(&self, range: Range<usize>) -> Self {
        self.panels(range)
    }

    fn bytes(&self) -> Coming<'_> {
        Coming::of(self.codes())
    }
}

/// A product by tiles of this size: `tile` computes rows by panels, given what will be read next. `behind` is what will be
/// read after all of this.
///
/// # Safety
/// The CPU must have the table's features.
unsafe fn sweep<W: IntegerPanels>(
    kernels: &Kernels,
    size: Size,
    (a, w, behind): (&RowsI8, &W, Coming),
    e: &Epilogue,
    mut out: MatMut,
    tile: impl Fn(Range<usize>, &W, Coming, &mut Sums<i32>),
) {
    let Size { rows: most, step, panels: wide } = size;
    let (n, count, depth) = (w.columns().n(), w.columns().count(), w.columns().depth());
    let mut sums = Sums([[0; PANEL]; MAX_VECTORS]);
    for chunk in even_spans(0..a.rows(), CHUNK_BYTES / depth, step) {
        for panels in spans(0..count, wide) {
            let columns = panels.start * PANEL..(panels.end * PANEL).min(n);
            let bias = bias_of(e.bias, columns.clone());
            let block = w.part(panels.clone());
            let scaled_sums = scaled_sums(block.columns());
            let next = w.part(panels.end..(panels.end + wide).min(count));
            let is_last = panels.end == count && chunk.end == a.rows();
            let next = if is_last { behind } else { next.bytes() };
            let tiles = even_spans(chunk.clone(), most, step);
            let shares = next.shares(chunk.len().div_ceil(most));
            for (rows, next) in tiles.zip(shares) {
                tile(rows.clone(), &block, next, &mut sums);
                let scales = Scales {
                    rows: &a.scales()[rows.clone()],
                    offsets: &a.offsets()[rows.clone()],
                    columns: block.columns().scales().as_chunks().0,
                    scaled_sums: &scaled_sums[..panels.len()],
                };
                let finish = Finish {
                    activation: e.activation,
                    accumulate: e.accumulate,
                    bias: &bias[..panels.len()],
                };
                let window = out.window(rows, columns.clone());
                // SAFETY: the caller's: the CPU has the table's features.
                unsafe { (kernels.elementwise.finish_i8)(finish, scales, &sums.0, window) }
            }
        }
    }
}

/// `behind` is what will be read after all of this.
///
/// # Safety
/// The CPU must have the table's features.
pub(crate) unsafe fn product_i8(
    kernels: &Kernels,
    a: &RowsI8,
    w: &PanelsI8,
    behind: Coming,
    e: &Epilogue,
    out: MatMut,
) {
    let tile = |rows: Range<usize>, block: &PanelsI8, next: Coming, sums: &mut Sums<i32>| {
        // SAFETY: the caller's: the CPU has the table's features.
        unsafe { (kernels.tile_i8.run)(&TileI8::new(a, rows, block, next), sums) }
    };
    // SAFETY: the same.
    unsafe { sweep(kernels, kernels.tile_i8.size, (a, w, behind), e, out, tile) }
}

/// Panels that are unpacked at a time: they stay in the first-level cache, or the second of a small core, for all rows.
const UNPACKED: usize = MAX_PANELS;

/// Weights that [`product_i4`] unpacks at a time.
pub(crate) fn unpacked_length(k: usize) -> usize {
    UNPACKED * PANEL * padded(k)
}

/// `unpacked` has room for [`unpacked_length`] weights.
///
/// # Safety
/// The CPU must have the table's features.
pub(crate) unsafe fn product_i4(
    kernels: &Kernels,
    a: &RowsI8,
    w: &PanelsI4,
    e: &Epilogue,
    mut out: MatMut,
    unpacked: &mut [i8],
) {
    if let Some(Tile { size, run }) = &kernels.tile_i4 {
        let tile = |rows: Range<usize>, block: &PanelsI4, next: Coming, sums: &mut Sums<i32>| {
            // SAFETY: the caller's: the CPU has the table's features.
            unsafe { run(&TileI4::new(a, rows, block, next), sums) }
        };
        // SAFETY: the same.
        return unsafe { sweep(kernels, *size, (a, w, Coming::of::<u8>(&[])), e, out, tile) };
    }
    for panels in spans(0..w.count(), UNPACKED) {
        let columns = panels.start * PANEL..(panels.end * PANEL).min(w.n());
        let part = w.panels(panels.clone());
        let next = w.panels(panels.end..(panels.end + UNPACKED).min(w.count()));
        let weights = kernels.unpack_i4(&part, &mut unpacked[..panels.len() * PANEL * padded(w.k())]);
        let (epilogue, out) = (e.columns(columns.clone()), out.window(0..a.rows(), columns));
        // SAFETY: the caller's: the CPU has the table's features.
        unsafe { product_i8(kernels, a, &weights, Coming::of(next.codes()), &epilogue, out) }
    }
}

/// # Safety
/// The CPU must have the table's features.
pub(crate) unsafe fn product_f32(
    kernels: &Kernels,
    a: &RowsF32,
    w: &PanelsF32,
    e: &Epilogue,
    mut out: MatMut,
) {
    let tile = &kernels.tile_f32;
    let Size { rows: most, step, panels: wide } = tile.size;
    let mut sums = Sums([[0.0; PANEL]; MAX_VECTORS]);
    for chunk in even_spans(0..a.rows(), CHUNK_BYTES / (4 * w.k()).max(1), step) {
        for panels in spans(0..w.count(), wide) {
            let columns = panels.start * PANEL..(panels.end * PANEL).min(w.n());
            let bias = bias_of(e.bias, columns.clone());
            let finish =
                Finish { activation: e.activation, accumulate: e.accumulate, bias: &bias[..panels.len()] };
            for rows in even_spans(chunk.clone(), most, step) {
                let operands = TileF32::new(a, rows.clone(), w, panels.clone());
                // SAFETY: the caller's: the CPU has the table's features.
                unsafe {
                    (tile.run)(&operands, &mut sums);
                    (kernels.elementwise.finish_f32)(finish, &sums.0, out.window(rows, columns.clone()));
                }
            }
        }
    }
}

/// One vector per panel: what the weights of each column sum to, scaled.
fn scaled_sums(columns: &Columns) -> [[f32; PANEL]; MAX_PANELS] {
    let mut scaled = [[0.0; PANEL]; MAX_PANELS];
    for ((to, &sum), scale) in scaled.as_flattened_mut().iter_mut().zip(columns.sums()).zip(columns.scales())
    {
        *to = sum as f32 * scale;
    }
    scaled
}

/// One vector per panel: a tile's share of the bias, zeros past the last column.
fn bias_of(bias: Option<&[f32]>, columns: Range<usize>) -> [[f32; PANEL]; MAX_PANELS] {
    let mut padded = [[0.0; PANEL]; MAX_PANELS];
    if let Some(bias) = bias {
        padded.as_flattened_mut()[..columns.len()].copy_from_slice(&bias[columns]);
    }
    padded
}
