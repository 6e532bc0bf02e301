//! AVX2 with FMA. `vpmaddubsw` multiplies unsigned by signed bytes, so it gets `|code|` and the weight with the
//! code's sign; two such products are at most 2·127·127 and fit 16 bits.

use super::prefetch::Prefetch;
use crate::layout::{GROUP, PANEL};
use crate::portable::kernels;
use crate::tile::{Size, Sums, TileF32, TileI8};
use std::arch::x86_64::*;

kernels! {
    name: "avx2",
    features: is_x86_feature_detected["avx2", "fma"],
    made_for: None,
    elementwise: compiled(zero_code: 0),
    tile_i8: (tile_i8, Size { rows: 4, step: 1, panels: 1 }),
    tile_f32: (tile_f32, SIZE_F32),
}

pub(super) const SIZE_F32: Size = Size { rows: 6, step: 1, panels: 1 };

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "avx2")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    assert_eq!(t.panels(), 1);
    match t.rows() {
        1 => tile_i8_of::<1>(t, out),
        2 => tile_i8_of::<2>(t, out),
        3 => tile_i8_of::<3>(t, out),
        4 => tile_i8_of::<4>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows()),
    }
}

/// `t` has these `ROWS`.
#[target_feature(enable = "avx2")]
fn tile_i8_of<const ROWS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    assert_eq!(t.rows(), ROWS);
    let (codes, stride) = (t.codes(), t.stride());
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    let mut prefetch = Prefetch::new(t);
    for (i, weights) in t.panel(0).as_chunks::<{ GROUP * PANEL }>().0.iter().enumerate() {
        prefetch.group::<1>();
        // SAFETY: `weights` is `[i8; 64]`.
        let w = unsafe {
            let w: *const __m256i = weights.as_ptr().cast();
            [_mm256_loadu_si256(w), _mm256_loadu_si256(w.add(1))]
        };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row has k codes, and there are k / 4 groups of weights.
            let code = unsafe { codes.add(row * stride + GROUP * i).cast::<i32>().read_unaligned() };
            let code = _mm256_set1_epi32(code);
            let magnitude = _mm256_abs_epi8(code);
            for half in 0..2 {
                let pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(w[half], code));
                sums[half] = _mm256_add_epi32(sums[half], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    store(&sums, out);
}

/// Stores the sums of a tile of one panel.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store<const ROWS: usize>(sums: &[[__m256i; 2]; ROWS], out: &mut Sums<i32>) {
    for (sums, out) in sums.iter().zip(&mut out.0) {
        for (half, to) in sums.iter().zip(out.as_chunks_mut::<8>().0) {
            // SAFETY: `to` is `[i32; 8]`.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), *half) };
        }
    }
}

/// See [`RunF32`](crate::tile::RunF32); multiplication and addition are fused.
#[target_feature(enable = "avx2,fma")]
pub(super) fn tile_f32(t: &TileF32, out: &mut Sums<f32>) {
    assert_eq!(t.panels(), 1);
    match t.rows() {
        1 => tile_f32_of::<1>(t, out),
        2 => tile_f32_of::<2>(t, out),
        3 => tile_f32_of::<3>(t, out),
        4 => tile_f32_of::<4>(t, out),
        5 => tile_f32_of::<5>(t, out),
        6 => tile_f32_of::<6>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows()),
    }
}

/// `t` has these `ROWS`.
#[target_feature(enable = "avx2,fma")]
fn tile_f32_of<const ROWS: usize>(t: &TileF32, out: &mut Sums<f32>) {
    assert_eq!(t.rows(), ROWS);
    let (values, stride, weights) = (t.values(), t.stride(), t.weights());
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for k in 0..t.k() {
        // SAFETY: the panel has 16 weights per k.
        let w = unsafe { [_mm256_loadu_ps(weights.add(k * 16)), _mm256_loadu_ps(weights.add(k * 16 + 8))] };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row has k values.
            let x = _mm256_set1_ps(unsafe { *values.add(row * stride + k) });
            for half in 0..2 {
                sums[half] = _mm256_fmadd_ps(x, w[half], sums[half]);
            }
        }
    }
    for (sums, out) in sums.into_iter().zip(&mut out.0) {
        for (half, to) in sums.into_iter().zip(out.as_chunks_mut::<8>().0) {
            // SAFETY: `to` is `[f32; 8]`.
            unsafe { _mm256_storeu_ps(to.as_mut_ptr(), half) };
        }
    }
}
