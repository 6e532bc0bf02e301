//! NEON with dot products (A76, A78): `sdot` by lane adds four products to each of four 32-bit columns, the codes
//! being one 4-byte lane of a row's vector.

use super::{ELEMENTWISE, float, store_i32};
use crate::dispatch::Kernels;
use crate::tile::{Sums, Tile, TileI8};
use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

pub(crate) static KERNELS: Kernels = Kernels::new(
    "dotprod",
    || is_aarch64_feature_detected!("dotprod"),
    Tile { rows: 8, panels: 1, run: tile_i8 },
    float::TILE,
    &ELEMENTWISE,
);

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "neon,dotprod")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    assert!(t.in_bounds() && t.panels == 1);
    // Sixteen 32-bit sums of four columns fill the registers: few rows by the whole panel, or more by its halves.
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
#[target_feature(enable = "neon,dotprod")]
fn columns<const ROWS: usize, const QUARTERS: usize>(t: &TileI8, first: usize, out: &mut Sums<i32>) {
    let mut sums = [[vdupq_n_s32(0); QUARTERS]; ROWS];
    for k in (0..t.k).step_by(16) {
        let mut codes = [vdupq_n_s8(0); ROWS];
        for (row, codes) in codes.iter_mut().enumerate() {
            // SAFETY: in bounds: each row has k codes, k a multiple of 16.
            *codes = unsafe { vld1q_s8(t.codes.as_ptr().add(row * t.stride + k).cast()) };
        }
        // SAFETY: in bounds: the panel has 16 weights per k; the four groups of 4 k's are 64 bytes each.
        unsafe {
            let weights = t.weights.as_ptr().add(k * 16 + first * 16);
            add_products::<0, ROWS, QUARTERS>(&mut sums, &codes, weights);
            add_products::<1, ROWS, QUARTERS>(&mut sums, &codes, weights.add(64));
            add_products::<2, ROWS, QUARTERS>(&mut sums, &codes, weights.add(128));
            add_products::<3, ROWS, QUARTERS>(&mut sums, &codes, weights.add(192));
        }
    }
    for (sums, out) in sums.into_iter().zip(&mut out.0) {
        for (quarter, sums) in sums.into_iter().enumerate() {
            store_i32(sums, first + quarter, out);
        }
    }
}

/// Codes `4 · LANE ..` of each row times four weights of each column.
///
/// # Safety
/// `weights` must point to `QUARTERS` vectors.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn add_products<const LANE: i32, const ROWS: usize, const QUARTERS: usize>(
    sums: &mut [[int32x4_t; QUARTERS]; ROWS],
    codes: &[int8x16_t; ROWS],
    weights: *const i8,
) {
    for quarter in 0..QUARTERS {
        // SAFETY: the caller's promise.
        let w = unsafe { vld1q_s8(weights.add(quarter * 16)) };
        for (sums, &codes) in sums.iter_mut().zip(codes) {
            sums[quarter] = sdot::<LANE>(sums[quarter], w, codes);
        }
    }
}

/// `vdotq_laneq_s32`, which is not stable yet.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot<const LANE: i32>(mut sums: int32x4_t, weights: int8x16_t, codes: int8x16_t) -> int32x4_t {
    // SAFETY: one instruction between registers.
    unsafe {
        asm!(
            "sdot {0:v}.4s, {1:v}.16b, {2:v}.4b[{lane}]",
            inout(vreg) sums, in(vreg) weights, in(vreg) codes, lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
