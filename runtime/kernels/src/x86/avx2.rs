//! AVX2 with FMA. `vpmaddubsw` multiplies unsigned by signed bytes, so it gets `|code|` and the weight, or where the code is
//! negative the weight's complement, `-w - 1`, which costs less than its negative. What is then missing, `|code|`, is the same
//! in every column: each row starts from what its negative codes add up to. Two products are at most 2·127·128 and fit 16 bits.

use super::avx2_i4;
use super::prefetch::Prefetch;
use super::sums::store;
use crate::layout::{GROUP, PANEL};
use crate::portable::kernels;
use crate::tile::{Size, Sums, TileF32, TileI8};
use std::arch::x86_64::*;

kernels! {
    name: "avx2",
    features: is_x86_feature_detected["avx2", "fma"],
    made_for: None,
    elementwise: compiled(zero_code: 0),
    tile_i8: (tile_i8, Size { rows: 2, step: 1, panels: 2 }),
    tile_i4: (avx2_i4::tile_i4, avx2_i4::SIZE),
    tile_f32: (tile_f32, SIZE_F32),
}

pub(super) const SIZE_F32: Size = Size { rows: 6, step: 1, panels: 1 };

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "avx2")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    match (t.rows(), t.panels()) {
        (1, 1) => tile_i8_of::<1, 1>(t, out),
        (2, 1) => tile_i8_of::<2, 1>(t, out),
        (1, 2) => tile_i8_of::<1, 2>(t, out),
        (2, 2) => tile_i8_of::<2, 2>(t, out),
        (rows, panels) => unreachable!("a tile of {rows} rows and {panels} panels"),
    }
}

/// `t` has these `ROWS` and `PANELS`.
#[target_feature(enable = "avx2")]
fn tile_i8_of<const ROWS: usize, const PANELS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    assert_eq!((t.rows(), t.panels()), (ROWS, PANELS));
    let (codes, stride, weights, inputs) = (t.codes(), t.stride(), t.weights(), t.k());
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[[_mm256_setzero_si256(); 2]; PANELS]; ROWS];
    for (row, sums) in sums.iter_mut().enumerate() {
        sums.as_flattened_mut().fill(_mm256_set1_epi32(of_negatives(t.row(row))));
    }
    let mut prefetch = Prefetch::new(t.next(), t.k() / GROUP);
    for k in (0..inputs).step_by(GROUP) {
        prefetch.part::<PANELS>();
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row has k codes, and k is a multiple of 4.
            let code = unsafe { codes.add(row * stride + k).cast::<i32>().read_unaligned() };
            let code = _mm256_set1_epi32(code);
            let magnitude = _mm256_abs_epi8(code);
            let negative = _mm256_cmpgt_epi8(magnitude, code);
            for (panel, sums) in sums.iter_mut().enumerate() {
                for (half, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: each panel has 16 weights per k, and k is a multiple of 4.
                    let w = unsafe {
                        _mm256_loadu_si256(weights.add((panel * inputs + k) * PANEL + 32 * half).cast())
                    };
                    let pairs = _mm256_maddubs_epi16(magnitude, _mm256_xor_si256(w, negative));
                    *sums = _mm256_add_epi32(*sums, _mm256_madd_epi16(pairs, ones));
                }
            }
        }
    }
    store(sums.as_flattened(), &mut out.0);
}

/// What the negative codes, a multiple of 16, add up to, without their sign.
#[target_feature(enable = "avx2")]
fn of_negatives(codes: &[u8]) -> i32 {
    let (whole, rest) = codes.as_chunks::<{ 2 * PANEL }>();
    let mut sums = _mm256_setzero_si256();
    for codes in whole {
        // SAFETY: `codes` is `[u8; 32]`.
        sums = add_negatives(sums, unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) });
    }
    if let Some(codes) = rest.first_chunk::<PANEL>() {
        // SAFETY: `codes` is `[u8; 16]`.
        let codes = unsafe { _mm_loadu_si128(codes.as_ptr().cast()) };
        sums = add_negatives(sums, _mm256_zextsi128_si256(codes));
    }
    let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    _mm_extract_epi32::<0>(sums) + _mm_extract_epi32::<2>(sums)
}

/// Adds to four sums.
#[inline]
#[target_feature(enable = "avx2")]
fn add_negatives(sums: __m256i, codes: __m256i) -> __m256i {
    let zero = _mm256_setzero_si256();
    let negated = _mm256_max_epi8(_mm256_sub_epi8(zero, codes), zero);
    _mm256_add_epi64(sums, _mm256_sad_epu8(negated, zero))
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
