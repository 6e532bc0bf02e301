//! The definition of the tiles, in plain loops: what every other table is tested against, and what a CPU without
//! any of them runs.

use crate::layout::{GROUP, PANEL};
use crate::portable::BASELINE;
use crate::table::Kernels;
use crate::tile::{Size, Sums, Tile, TileF32, TileI8};

pub(crate) static KERNELS: Kernels = Kernels {
    name: "reference",
    supported: || true,
    made_for: None,
    tile_i8: Tile { size: SIZE, run: tile_i8 },
    tile_i4: None,
    tile_f32: Tile { size: SIZE, run: tile_f32 },
    elementwise: &BASELINE,
};

const SIZE: Size = Size { rows: 8, step: 1, panels: 1 };

/// See [`RunI8`](crate::tile::RunI8).
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    for row in 0..t.rows() {
        let codes = t.row(row).as_chunks::<GROUP>().0;
        for panel in 0..t.panels() {
            let weights = t.panel(panel).as_chunks::<{ GROUP * PANEL }>().0;
            let sums = &mut out.0[row * t.panels() + panel];
            *sums = [0; PANEL];
            for (code, weights) in codes.iter().zip(weights) {
                for (sum, weight) in sums.iter_mut().zip(weights.as_chunks::<GROUP>().0) {
                    for (&c, &w) in code.iter().zip(weight) {
                        *sum += i32::from(c as i8) * i32::from(w);
                    }
                }
            }
        }
    }
}

/// See [`RunF32`](crate::tile::RunF32); rounds after every operation.
fn tile_f32(t: &TileF32, out: &mut Sums<f32>) {
    for row in 0..t.rows() {
        for panel in 0..t.panels() {
            let weights = t.panel(panel).as_chunks::<PANEL>().0;
            let sums = &mut out.0[row * t.panels() + panel];
            *sums = [0.0; PANEL];
            for (x, weights) in t.row(row).iter().zip(weights) {
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum += x * w;
                }
            }
        }
    }
}
