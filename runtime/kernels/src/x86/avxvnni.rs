//! AVX-VNNI: `vpdpbusd` on 256 bits, for CPUs that have it without AVX-512. Codes are stored as for
//! [`avx512vnni`](super::avx512vnni).

use super::{Prefetch, avx2};
use crate::dispatch::Kernels;
use crate::portable::elementwise;
use crate::tile::{Sums, Tile, TileI8};
use std::arch::x86_64::*;

elementwise!(zero_code: 0x80, #[target_feature(enable = "avx2,fma")]);

pub(crate) static KERNELS: Kernels = Kernels::new(
    "avxvnni",
    || {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("avxvnni")
    },
    Tile { rows: 6, step: 1, panels: 1, run: tile_i8 },
    avx2::TILE_F32,
    &ELEMENTWISE,
);

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "avx2,avxvnni")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    assert!(t.in_bounds() && t.panels == 1);
    match t.rows {
        1 => tile_i8_of::<1>(t, out),
        2 => tile_i8_of::<2>(t, out),
        3 => tile_i8_of::<3>(t, out),
        4 => tile_i8_of::<4>(t, out),
        5 => tile_i8_of::<5>(t, out),
        6 => tile_i8_of::<6>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows),
    }
}

/// `t` is in bounds and has these `ROWS`.
#[target_feature(enable = "avx2,avxvnni")]
fn tile_i8_of<const ROWS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    let codes = t.codes.as_ptr();
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for half in 0..2 {
        // SAFETY: `t.weight_sums[0]` is `[i32; 16]`.
        let of_weights = unsafe { _mm256_loadu_si256(t.weight_sums[0].as_ptr().add(8 * half).cast()) };
        let start = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32::<7>(of_weights));
        for row in &mut sums {
            row[half] = start;
        }
    }
    let prefetch = Prefetch::new(t);
    for (i, weights) in t.weights.as_chunks::<64>().0[..t.k / 4].iter().enumerate() {
        prefetch.at::<1>(4 * i);
        // SAFETY: `weights` is `[i8; 64]`.
        let w = unsafe {
            let w: *const __m256i = weights.as_ptr().cast();
            [_mm256_loadu_si256(w), _mm256_loadu_si256(w.add(1))]
        };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: in bounds: each row has k codes, and there are k / 4 groups of weights.
            let code = unsafe { codes.add(row * t.stride + 4 * i).cast::<i32>().read_unaligned() };
            let code = _mm256_set1_epi32(code);
            for half in 0..2 {
                sums[half] = _mm256_dpbusd_avx_epi32(sums[half], code, w[half]);
            }
        }
    }
    avx2::store(&sums, out);
}
