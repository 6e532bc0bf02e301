//! NEON with matrix multiplication (Neoverse V and N2, Thor): `smmla` multiplies two rows of eight codes by two
//! columns of eight weights.
//!
//! Both operands interleave what memory has apart, and interleaving takes the multiplier's pipes. A panel's weights are
//! interleaved for twelve rows at once, and the codes once for two panels.

use super::float;
use super::sums::put_i32;
use crate::layout::PANEL;
use crate::portable::kernels;
use crate::spans::spans;
use crate::tile::{Size, Sums, TileI8};
use std::arch::aarch64::*;
use std::arch::asm;
use std::mem::MaybeUninit;
use std::ops::Range;

kernels! {
    name: "i8mm",
    features: is_aarch64_feature_detected["neon", "i8mm"],
    made_for: None,
    elementwise: baseline,
    tile_i8: (tile_i8, Size { rows: 12, step: 2, panels: 2 }),
    tile_f32: (float::tile_f32, float::SIZE),
}

/// Inputs whose codes are interleaved at once: with a panel's weights for them, they fit the first cache.
const DEPTH: usize = 768;

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "neon,i8mm")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    match t.rows().div_ceil(2) {
        1 => row_pairs::<1>(t, out),
        2 => row_pairs::<2>(t, out),
        3 => row_pairs::<3>(t, out),
        4 => row_pairs::<4>(t, out),
        5 => row_pairs::<5>(t, out),
        6 => row_pairs::<6>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows()),
    }
}

/// `t` is of `2 · PAIRS` rows, or of one fewer: then the last is computed twice, and `out` has room.
#[target_feature(enable = "neon,i8mm")]
fn row_pairs<const PAIRS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    out.0[..2 * PAIRS * t.panels()].fill([0; PANEL]);
    let mut room = [MaybeUninit::<[int8x16_t; PAIRS]>::uninit(); DEPTH / 8];
    for inputs in spans(0..t.k(), DEPTH) {
        let codes = interleave(t, inputs.clone(), &mut room);
        for panel in 0..t.panels() {
            let weights = &t.panel(panel)[inputs.start * PANEL..inputs.end * PANEL];
            let weights = weights.as_chunks::<{ 8 * PANEL }>().0;
            for half in 0..2 {
                let rows = products(codes, weights, half);
                for (row, sums) in rows.as_flattened().iter().enumerate() {
                    let out = &mut out.0[row * t.panels() + panel];
                    put_i32::<true>(sums[0], 2 * half, out);
                    put_i32::<true>(sums[1], 2 * half + 1, out);
                }
            }
        }
    }
}

/// Brings together eight codes of each row of a pair, for every eight of the inputs.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn interleave<'a, const PAIRS: usize>(
    t: &TileI8,
    inputs: Range<usize>,
    room: &'a mut [MaybeUninit<[int8x16_t; PAIRS]>; DEPTH / 8],
) -> &'a [[int8x16_t; PAIRS]] {
    let rows: [_; PAIRS] = std::array::from_fn(|pair| {
        [2 * pair, 2 * pair + 1].map(|row| t.row(row.min(t.rows() - 1))[inputs.clone()].as_ptr())
    });
    let room = &mut room[..inputs.len() / 8];
    let (chunks, []) = room.as_chunks_mut::<2>() else { unreachable!("inputs come in sixteens") };
    for (i, chunk) in chunks.iter_mut().enumerate() {
        let mut both = [[vdupq_n_s8(0); PAIRS]; 2];
        for (pair, rows) in rows.iter().enumerate() {
            // SAFETY: each row has codes for all of `inputs`, sixteen of them for each chunk.
            let [upper, lower] = rows.map(|row| unsafe { vld1q_s64(row.add(16 * i).cast()) });
            both[0][pair] = vreinterpretq_s8_s64(vzip1q_s64(upper, lower));
            both[1][pair] = vreinterpretq_s8_s64(vzip2q_s64(upper, lower));
        }
        *chunk = both.map(MaybeUninit::new);
    }
    // SAFETY: the loop wrote all of it.
    unsafe { room.assume_init_ref() }
}

/// Products of pairs of rows with one half of a panel's columns, two vectors for each row.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn products<const PAIRS: usize>(
    codes: &[[int8x16_t; PAIRS]],
    weights: &[[i8; 128]],
    half: usize,
) -> [[[int32x4_t; 2]; 2]; PAIRS] {
    // Two rows by two columns each.
    let mut sums = [[vdupq_n_s32(0); 4]; PAIRS];
    for (codes, weights) in codes.iter().zip(weights) {
        let vectors = weights.as_chunks::<16>().0;
        let mut w = [vdupq_n_s8(0); 4];
        for quarter in 0..2 {
            // SAFETY: each is an array of 16 weights: four columns by inputs 0-3, and by inputs 4-7.
            let (near, far) = unsafe {
                let (near, far) = (&vectors[2 * half + quarter], &vectors[4 + 2 * half + quarter]);
                (vld1q_s32(near.as_ptr().cast()), vld1q_s32(far.as_ptr().cast()))
            };
            w[2 * quarter] = vreinterpretq_s8_s32(vzip1q_s32(near, far));
            w[2 * quarter + 1] = vreinterpretq_s8_s32(vzip2q_s32(near, far));
        }
        for (sums, &codes) in sums.iter_mut().zip(codes) {
            for (sums, &w) in sums.iter_mut().zip(&w) {
                *sums = smmla(*sums, codes, w);
            }
        }
    }
    sums.map(|sums| {
        let [a, b, c, d] = sums.map(|sums| vreinterpretq_s64_s32(sums));
        let upper = [vzip1q_s64(a, b), vzip1q_s64(c, d)];
        let lower = [vzip2q_s64(a, b), vzip2q_s64(c, d)];
        [upper, lower].map(|row| row.map(|sums| vreinterpretq_s32_s64(sums)))
    })
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
