//! AVX-VNNI: `vpdpbusd` on 256 bits, for CPUs that have it without AVX-512. Codes are stored as for
//! [`avx512vnni`](super::avx512vnni).

use super::avx2;
use super::prefetch::Prefetch;
use super::sums::store;
use crate::layout::{GROUP, PANEL};
use crate::portable::kernels;
use crate::tile::{Size, Sums, TileI8};
use std::arch::x86_64::*;

kernels! {
    name: "avxvnni",
    features: is_x86_feature_detected["avx2", "fma", "avxvnni"],
    made_for: None,
    elementwise: compiled(zero_code: 0x80),
    tile_i8: (tile_i8, Size { rows: 6, step: 1, panels: 1 }),
    tile_f32: (avx2::tile_f32, avx2::SIZE_F32),
}

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "avx2,avxvnni")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    assert_eq!(t.panels(), 1);
    match t.rows() {
        1 => tile_i8_of::<1>(t, out),
        2 => tile_i8_of::<2>(t, out),
        3 => tile_i8_of::<3>(t, out),
        4 => tile_i8_of::<4>(t, out),
        5 => tile_i8_of::<5>(t, out),
        6 => tile_i8_of::<6>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows()),
    }
}

/// `t` has these `ROWS`.
#[target_feature(enable = "avx2,avxvnni")]
fn tile_i8_of<const ROWS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    assert_eq!(t.rows(), ROWS);
    let (codes, stride) = (t.codes(), t.stride());
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for half in 0..2 {
        // SAFETY: the sums are an `[i32; 16]`.
        let of_weights = unsafe { _mm256_loadu_si256(t.weight_sums(0).as_ptr().add(8 * half).cast()) };
        let start = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32::<7>(of_weights));
        for row in &mut sums {
            row[half] = start;
        }
    }
    let mut prefetch = Prefetch::new(t.next(), t.k() / GROUP);
    for (i, weights) in t.panel(0).as_chunks::<{ GROUP * PANEL }>().0.iter().enumerate() {
        prefetch.part::<1>();
        // SAFETY: `weights` is `[i8; 64]`.
        let w = unsafe {
            let w: *const __m256i = weights.as_ptr().cast();
            [_mm256_loadu_si256(w), _mm256_loadu_si256(w.add(1))]
        };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row has k codes, and there are k / 4 groups of weights.
            let code = unsafe { codes.add(row * stride + GROUP * i).cast::<i32>().read_unaligned() };
            let code = _mm256_set1_epi32(code);
            for half in 0..2 {
                sums[half] = _mm256_dpbusd_avx_epi32(sums[half], code, w[half]);
            }
        }
    }
    store(&sums, &mut out.0);
}
