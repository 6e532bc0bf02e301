//! The definition of the tiles, in plain loops: what every other table is tested against, and what a CPU without
//! any of them runs.

use crate::PANEL;
use crate::dispatch::Kernels;
use crate::portable::elementwise;
use crate::tile::{Sums, Tile, TileF32, TileI8};

elementwise!(zero_code: 0,);

pub(crate) static KERNELS: Kernels = Kernels::new(
    "reference",
    || true,
    Tile { rows: 8, step: 1, panels: 1, run: tile_i8 },
    Tile { rows: 8, step: 1, panels: 1, run: tile_f32 },
    &ELEMENTWISE,
);

/// See [`RunI8`](crate::tile::RunI8).
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    for row in 0..t.rows {
        let codes = t.codes[row * t.stride..][..t.k].as_chunks::<4>().0;
        for panel in 0..t.panels {
            let weights = t.weights[panel * t.k * PANEL..][..t.k * PANEL].as_chunks::<{ 4 * PANEL }>().0;
            let sums = &mut out.0[row * t.panels + panel];
            *sums = [0; PANEL];
            for (code, weights) in codes.iter().zip(weights) {
                for (sum, weight) in sums.iter_mut().zip(weights.as_chunks::<4>().0) {
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
    for row in 0..t.rows {
        let data = &t.data[row * t.stride..][..t.k];
        for panel in 0..t.panels {
            let weights = t.weights[panel * t.panel_stride..][..t.k * PANEL].as_chunks::<PANEL>().0;
            let sums = &mut out.0[row * t.panels + panel];
            *sums = [0.0; PANEL];
            for (x, weights) in data.iter().zip(weights) {
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum += x * w;
                }
            }
        }
    }
}
