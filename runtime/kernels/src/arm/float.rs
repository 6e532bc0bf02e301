//! The f32 tile: `fmla` by lane, eight rows by half a panel.

use crate::tile::{RunF32, Sums, Tile, TileF32};
use std::arch::aarch64::*;

pub(super) const TILE: Tile<RunF32> = Tile { rows: 8, panels: 1, run: tile_f32 };

/// See [`RunF32`]; multiplication and addition are fused.
#[target_feature(enable = "neon")]
fn tile_f32(t: &TileF32, out: &mut Sums<f32>) {
    assert!(t.in_bounds() && t.panels == 1);
    // Sixteen vectors of sums fill the registers: few rows by the whole panel, or more by its halves.
    match t.rows {
        1 => columns::<1, 4>(t, 0, out),
        2 => columns::<2, 4>(t, 0, out),
        3 => columns::<3, 4>(t, 0, out),
        4 => columns::<4, 4>(t, 0, out),
        5 => [0, 2].into_iter().for_each(|half| columns::<5, 2>(t, half, out)),
        6 => [0, 2].into_iter().for_each(|half| columns::<6, 2>(t, half, out)),
        7 => [0, 2].into_iter().for_each(|half| columns::<7, 2>(t, half, out)),
        8 => [0, 2].into_iter().for_each(|half| columns::<8, 2>(t, half, out)),
        _ => unreachable!("a tile of {} rows", t.rows),
    }
}

/// `ROWS` rows by `4 · QUARTERS` columns of the panel from column `4 · first` on. `t` is in bounds, of these `ROWS`.
#[target_feature(enable = "neon")]
fn columns<const ROWS: usize, const QUARTERS: usize>(t: &TileF32, first: usize, out: &mut Sums<f32>) {
    let (data, weights) = (t.data.as_ptr(), t.weights.as_ptr().wrapping_add(first * 4));
    let mut sums = [[vdupq_n_f32(0.0); QUARTERS]; ROWS];
    let whole = t.k - t.k % 4;
    for k in (0..whole).step_by(4) {
        let mut x = [vdupq_n_f32(0.0); ROWS];
        for (row, x) in x.iter_mut().enumerate() {
            // SAFETY: in bounds: each row has t.k values, and k + 4 is at most that.
            *x = unsafe { vld1q_f32(data.add(row * t.stride + k)) };
        }
        // SAFETY: in bounds: the panel has 16 weights per k.
        unsafe {
            add_products::<0, ROWS, QUARTERS>(&mut sums, &x, weights.add(k * 16));
            add_products::<1, ROWS, QUARTERS>(&mut sums, &x, weights.add(k * 16 + 16));
            add_products::<2, ROWS, QUARTERS>(&mut sums, &x, weights.add(k * 16 + 32));
            add_products::<3, ROWS, QUARTERS>(&mut sums, &x, weights.add(k * 16 + 48));
        }
    }
    for k in whole..t.k {
        let mut x = [vdupq_n_f32(0.0); ROWS];
        for (row, x) in x.iter_mut().enumerate() {
            // SAFETY: in bounds: each row has t.k values.
            *x = unsafe { vld1q_dup_f32(data.add(row * t.stride + k)) };
        }
        // SAFETY: in bounds: the panel has 16 weights per k.
        unsafe { add_products::<0, ROWS, QUARTERS>(&mut sums, &x, weights.add(k * 16)) };
    }
    for (sums, out) in sums.into_iter().zip(&mut out.0) {
        for (i, sums) in sums.into_iter().enumerate() {
            let out = &mut out.as_chunks_mut::<4>().0[first + i];
            // SAFETY: `out` is `[f32; 4]`.
            unsafe { vst1q_f32(out.as_mut_ptr(), sums) };
        }
    }
}

/// Value `LANE` of each row times one weight of each column.
///
/// # Safety
/// `weights` must point to `QUARTERS` vectors.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn add_products<const LANE: i32, const ROWS: usize, const QUARTERS: usize>(
    sums: &mut [[float32x4_t; QUARTERS]; ROWS],
    x: &[float32x4_t; ROWS],
    weights: *const f32,
) {
    for quarter in 0..QUARTERS {
        // SAFETY: the caller's promise.
        let w = unsafe { vld1q_f32(weights.add(quarter * 4)) };
        for (sums, &x) in sums.iter_mut().zip(x) {
            sums[quarter] = vfmaq_laneq_f32::<LANE>(sums[quarter], w, x);
        }
    }
}
