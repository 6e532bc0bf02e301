//! Loop order of the products, the same for every table.
//!
//! Rows are taken in chunks that fit a second-level cache; over each chunk sweeps one tile's width of panels after
//! another, so a panel is read from memory once per chunk and stays in the first cache for all of the chunk's rows.

use crate::PANEL;
use crate::dispatch::Kernels;
use crate::portable::{Finish, Scales};
use crate::tile::{MAX_PANELS, MAX_VECTORS, Sums, TileF32, TileI8};
use crate::types::{Epilogue, MatMut, PanelsF32, PanelsI8, RowsF32, RowsI8};
use std::mem;
use std::ops::Range;

/// Bytes of activations that stay in the second-level cache beside a tile's panels.
const CHUNK_BYTES: usize = 192 * 1024;

/// # Safety
/// The CPU must have the table's features.
pub(crate) unsafe fn product_i8(kernels: &Kernels, a: &RowsI8, w: &PanelsI8, e: &Epilogue, mut out: MatMut) {
    let tile = kernels.tile_i8();
    let k = w.k().next_multiple_of(PANEL);
    let mut sums = Sums([[0; PANEL]; MAX_VECTORS]);
    for chunk in even_spans(0..a.rows(), CHUNK_BYTES / k, tile.step) {
        for panels in spans(0..w.count(), tile.panels) {
            let columns = panels.start * PANEL..(panels.end * PANEL).min(w.n());
            let bias = bias_of(e.bias, columns.clone());
            let block = w.panels(panels.clone());
            let scaled_sums = scaled_sums(&block);
            let next = w.panels(panels.end..(panels.end + tile.panels).min(w.count()));
            let tiles = even_spans(chunk.clone(), tile.rows, tile.step);
            let shares = shares(next.data(), chunk.len().div_ceil(tile.rows));
            for (rows, next) in tiles.zip(shares) {
                let operands = TileI8 {
                    codes: a.from(rows.start),
                    stride: a.stride(),
                    rows: rows.len(),
                    panels: panels.len(),
                    weights: block.data(),
                    next,
                    weight_sums: block.sums().as_chunks().0,
                    k,
                };
                let scales = Scales {
                    rows: &a.scales()[rows.clone()],
                    offsets: &a.offsets()[rows.clone()],
                    columns: block.scales().as_chunks().0,
                    scaled_sums: &scaled_sums[..panels.len()],
                };
                let finish = Finish::new(e, &bias[..panels.len()]);
                // SAFETY: the caller's: the CPU has the table's features.
                unsafe {
                    (tile.run)(&operands, &mut sums);
                    (kernels.elementwise().finish_i8)(
                        finish,
                        scales,
                        &sums.0,
                        out.window(rows, columns.clone()),
                    );
                }
            }
        }
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
    let tile = kernels.tile_f32();
    let mut sums = Sums([[0.0; PANEL]; MAX_VECTORS]);
    for chunk in even_spans(0..a.rows(), CHUNK_BYTES / (4 * w.k()).max(1), tile.step) {
        for panels in spans(0..w.count(), tile.panels) {
            let columns = panels.start * PANEL..(panels.end * PANEL).min(w.n());
            let bias = bias_of(e.bias, columns.clone());
            let finish = Finish::new(e, &bias[..panels.len()]);
            for rows in even_spans(chunk.clone(), tile.rows, tile.step) {
                let operands = TileF32 {
                    data: a.from(rows.start),
                    stride: a.stride(),
                    rows: rows.len(),
                    panels: panels.len(),
                    weights: w.from(panels.start),
                    panel_stride: w.panel_stride(),
                    k: w.k(),
                };
                // SAFETY: the caller's: the CPU has the table's features.
                unsafe {
                    (tile.run)(&operands, &mut sums);
                    (kernels.elementwise().finish_f32)(finish, &sums.0, out.window(rows, columns.clone()));
                }
            }
        }
    }
}

/// One vector per panel: what the weights of each column sum to, scaled.
fn scaled_sums(panels: &PanelsI8) -> [[f32; PANEL]; MAX_PANELS] {
    let mut scaled = [[0.0; PANEL]; MAX_PANELS];
    for ((to, &sum), scale) in scaled.as_flattened_mut().iter_mut().zip(panels.sums()).zip(panels.scales()) {
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

/// `range` in spans of `length`, the last one shorter.
fn spans(range: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    range.clone().step_by(length).map(move |start| start..(start + length).min(range.end))
}

/// `range` in the fewest spans of at most `most`, of `step` or a multiple but for the last one, and otherwise about
/// equal: a short one at the end would have the weights read, or a tile wait for its sums, for few rows.
pub(crate) fn even_spans(
    range: Range<usize>,
    most: usize,
    step: usize,
) -> impl Iterator<Item = Range<usize>> {
    let steps = range.len().div_ceil(step);
    let count = steps.div_ceil((most / step).max(1));
    let (length, longer) = (steps / count.max(1), steps % count.max(1));
    let mut start = range.start;
    (0..count).map(move |i| {
        let end = range.end.min(start + (length + usize::from(i < longer)) * step);
        mem::replace(&mut start, end)..end
    })
}

/// `weights` in `count` parts of the same length, but for a rest that is left out.
fn shares(weights: &[i8], count: usize) -> impl Iterator<Item = &[i8]> {
    let length = weights.len() / count;
    (0..count).map(move |i| &weights[i * length..][..length])
}
