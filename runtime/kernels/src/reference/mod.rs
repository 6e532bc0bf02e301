//! The definition of the tiles, in plain loops: what every other table is tested against, and what a CPU without
//! any of them runs.

use crate::PANEL;
use crate::dispatch::Kernels;
use crate::portable::elementwise;
use crate::tile::{Accumulators, Tile, TileF32, TileI8};

elementwise!(zero_code: 0,);

pub(crate) static KERNELS: Kernels = Kernels::new(
    "reference",
    || true,
    Tile { rows: 8, panels: 1, run: tile_i8 },
    Tile { rows: 8, panels: 1, run: tile_f32 },
    &ELEMENTWISE,
);

/// `out[row][column] = Σ_k code[row][k] · weight[column][k]`, in `i32`.
fn tile_i8(t: &TileI8, out: &mut Accumulators<i32>) {
    assert!(t.in_bounds());
    let panels = t.weights.chunks_exact(t.k * PANEL);
    for (panel, weights) in panels.take(t.panels).enumerate() {
        for row in 0..t.rows {
            let codes = t.codes[row * t.stride..][..t.k].as_chunks::<4>().0;
            let mut sums = [0; PANEL];
            for (code, weights) in codes.iter().zip(weights.as_chunks::<{ 4 * PANEL }>().0) {
                for (sum, weight) in sums.iter_mut().zip(weights.as_chunks::<4>().0) {
                    for (&c, &w) in code.iter().zip(weight) {
                        *sum += i32::from(c as i8) * i32::from(w);
                    }
                }
            }
            out.0[row * t.panels + panel] = sums;
        }
    }
}

/// `out[row][column] = Σ_k data[row][k] · weight[column][k]`, in order of `k`, rounding after every operation.
fn tile_f32(t: &TileF32, out: &mut Accumulators<f32>) {
    assert!(t.in_bounds());
    for panel in 0..t.panels {
        let weights = t.weights[panel * t.panel_stride..][..t.k * PANEL].as_chunks::<PANEL>().0;
        for row in 0..t.rows {
            let mut sums = [0.0; PANEL];
            for (&x, weights) in t.data[row * t.stride..][..t.k].iter().zip(weights) {
                for (sum, w) in sums.iter_mut().zip(weights) {
                    *sum += x * w;
                }
            }
            out.0[row * t.panels + panel] = sums;
        }
    }
}
