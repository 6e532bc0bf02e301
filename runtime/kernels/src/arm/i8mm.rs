//! NEON with matrix multiplication (Neoverse V and N2, Thor): `smmla` multiplies two rows of eight codes by two
//! columns of eight weights.

use super::{ELEMENTWISE, float, store_i32};
use crate::dispatch::Kernels;
use crate::tile::{Sums, Tile, TileI8};
use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

pub(crate) static KERNELS: Kernels = Kernels::new(
    "i8mm",
    || is_aarch64_feature_detected!("i8mm"),
    Tile { rows: 10, panels: 1, run: tile_i8 },
    float::TILE,
    &ELEMENTWISE,
);

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "neon,i8mm")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    assert!(t.in_bounds() && t.panels == 1);
    for half in 0..2 {
        match t.rows.div_ceil(2) {
            1 => row_pairs::<1>(t, half, out),
            2 => row_pairs::<2>(t, half, out),
            3 => row_pairs::<3>(t, half, out),
            4 => row_pairs::<4>(t, half, out),
            5 => row_pairs::<5>(t, half, out),
            _ => unreachable!("a tile of {} rows", t.rows),
        }
    }
}

/// `2 · PAIRS` rows by 8 columns, the panel's first or second half. `t` is in bounds and of these rows, or of one
/// fewer: then the last is computed twice.
#[target_feature(enable = "neon,i8mm")]
fn row_pairs<const PAIRS: usize>(t: &TileI8, half: usize, out: &mut Sums<i32>) {
    // Each vector holds rows 2i, 2i + 1 by columns 2j, 2j + 1.
    let mut sums = [[vdupq_n_s32(0); 4]; PAIRS];
    for k in (0..t.k).step_by(8) {
        let mut w = [vdupq_n_s8(0); 4];
        for quarter in 0..2 {
            // SAFETY: in bounds: the panel has 16 weights per k, k a multiple of 8; two groups of 4 k's are 64 bytes
            // apart.
            let (near, far) = unsafe {
                let weights = t.weights.as_ptr().add(k * 16 + half * 32 + quarter * 16);
                (vld1q_s8(weights), vld1q_s8(weights.add(64)))
            };
            let (near, far) = (vreinterpretq_s32_s8(near), vreinterpretq_s32_s8(far));
            w[2 * quarter] = vreinterpretq_s8_s32(vzip1q_s32(near, far));
            w[2 * quarter + 1] = vreinterpretq_s8_s32(vzip2q_s32(near, far));
        }
        for (pair, sums) in sums.iter_mut().enumerate() {
            let second = (2 * pair + 1).min(t.rows - 1);
            // SAFETY: in bounds: each row has k codes, k a multiple of 8.
            let codes = unsafe {
                let codes: *const i8 = t.codes.as_ptr().add(k).cast();
                vcombine_s8(vld1_s8(codes.add(2 * pair * t.stride)), vld1_s8(codes.add(second * t.stride)))
            };
            for (sums, &w) in sums.iter_mut().zip(&w) {
                *sums = smmla(*sums, codes, w);
            }
        }
    }
    for (pair, sums) in sums.iter().enumerate() {
        for quarter in 0..2 {
            let left = vreinterpretq_s64_s32(sums[2 * quarter]);
            let right = vreinterpretq_s64_s32(sums[2 * quarter + 1]);
            let rows = [vzip1q_s64(left, right), vzip2q_s64(left, right)];
            for (row, sums) in (2 * pair..t.rows).zip(rows) {
                store_i32(vreinterpretq_s32_s64(sums), half * 2 + quarter, &mut out.0[row]);
            }
        }
    }
}

/// `vmmlaq_s32`, which is not stable yet.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn smmla(mut sums: int32x4_t, codes: int8x16_t, weights: int8x16_t) -> int32x4_t {
    // SAFETY: one instruction between registers.
    unsafe {
        asm!(
            "smmla {0:v}.4s, {1:v}.16b, {2:v}.16b",
            inout(vreg) sums, in(vreg) codes, in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
