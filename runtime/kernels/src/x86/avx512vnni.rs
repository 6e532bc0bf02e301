//! AVX-512 with VNNI: `vpdpbusd` multiplies four unsigned codes by four weights and adds to an `i32` lane, 64
//! products an instruction.
//!
//! Codes are therefore stored as `q + 128` (two's complement, XOR 0x80), and each column starts from -128 times the
//! sum of its weights.

use super::prefetch::Prefetch;
use crate::layout::GROUP;
use crate::portable::kernels;
use crate::tile::{Size, Sums, TileF32, TileI8};
use std::arch::x86_64::*;

kernels! {
    name: "avx512vnni",
    features: is_x86_feature_detected["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni"],
    made_for: None,
    elementwise: compiled(zero_code: 0x80),
    tile_i8: (tile_i8, SIZE),
    tile_f32: (tile_f32, SIZE),
}

const SIZE: Size = Size { rows: 12, step: 1, panels: 2 };

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    match t.panels() {
        1 => tile_i8_of_panels::<1>(t, out),
        2 => tile_i8_of_panels::<2>(t, out),
        _ => unreachable!("a tile of {} panels", t.panels()),
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn tile_i8_of_panels<const PANELS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    match t.rows() {
        1 => tile_i8_of::<1, PANELS>(t, out),
        2 => tile_i8_of::<2, PANELS>(t, out),
        3 => tile_i8_of::<3, PANELS>(t, out),
        4 => tile_i8_of::<4, PANELS>(t, out),
        5 => tile_i8_of::<5, PANELS>(t, out),
        6 => tile_i8_of::<6, PANELS>(t, out),
        7 => tile_i8_of::<7, PANELS>(t, out),
        8 => tile_i8_of::<8, PANELS>(t, out),
        9 => tile_i8_of::<9, PANELS>(t, out),
        10 => tile_i8_of::<10, PANELS>(t, out),
        11 => tile_i8_of::<11, PANELS>(t, out),
        12 => tile_i8_of::<12, PANELS>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows()),
    }
}

/// `t` has these `ROWS` and `PANELS`.
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile_i8_of<const ROWS: usize, const PANELS: usize>(t: &TileI8, out: &mut Sums<i32>) {
    assert_eq!((t.rows(), t.panels()), (ROWS, PANELS));
    let (codes, stride, weights, inputs) = (t.codes(), t.stride(), t.weights(), t.k());
    let mut sums = [[_mm512_setzero_si512(); PANELS]; ROWS];
    for panel in 0..PANELS {
        // SAFETY: the sums are an `[i32; 16]`.
        let of_weights = unsafe { _mm512_loadu_si512(t.weight_sums(panel).as_ptr().cast()) };
        let start = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32::<7>(of_weights));
        for row in &mut sums {
            row[panel] = start;
        }
    }
    let mut prefetch = Prefetch::new(t.next(), t.k() / GROUP);
    for k in (0..inputs).step_by(GROUP) {
        prefetch.part::<PANELS>();
        let mut w = [_mm512_setzero_si512(); PANELS];
        for (panel, w) in w.iter_mut().enumerate() {
            // SAFETY: each panel has 16 weights per k, and k is a multiple of 4.
            *w = unsafe { _mm512_loadu_si512(weights.add((panel * inputs + k) * 16).cast()) };
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row has k codes, and k is a multiple of 4.
            let code = unsafe { codes.add(row * stride + k).cast::<i32>().read_unaligned() };
            let code = _mm512_set1_epi32(code);
            for panel in 0..PANELS {
                sums[panel] = _mm512_dpbusd_epi32(sums[panel], code, w[panel]);
            }
        }
    }
    for (sums, out) in sums.as_flattened().iter().zip(&mut out.0) {
        // SAFETY: `out` is `[i32; 16]`.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *sums) };
    }
}

/// See [`RunF32`](crate::tile::RunF32); multiplication and addition are fused.
#[target_feature(enable = "avx512f")]
fn tile_f32(t: &TileF32, out: &mut Sums<f32>) {
    match t.panels() {
        1 => tile_f32_of_panels::<1>(t, out),
        2 => tile_f32_of_panels::<2>(t, out),
        _ => unreachable!("a tile of {} panels", t.panels()),
    }
}

#[target_feature(enable = "avx512f")]
fn tile_f32_of_panels<const PANELS: usize>(t: &TileF32, out: &mut Sums<f32>) {
    match t.rows() {
        1 => tile_f32_of::<1, PANELS>(t, out),
        2 => tile_f32_of::<2, PANELS>(t, out),
        3 => tile_f32_of::<3, PANELS>(t, out),
        4 => tile_f32_of::<4, PANELS>(t, out),
        5 => tile_f32_of::<5, PANELS>(t, out),
        6 => tile_f32_of::<6, PANELS>(t, out),
        7 => tile_f32_of::<7, PANELS>(t, out),
        8 => tile_f32_of::<8, PANELS>(t, out),
        9 => tile_f32_of::<9, PANELS>(t, out),
        10 => tile_f32_of::<10, PANELS>(t, out),
        11 => tile_f32_of::<11, PANELS>(t, out),
        12 => tile_f32_of::<12, PANELS>(t, out),
        _ => unreachable!("a tile of {} rows", t.rows()),
    }
}

/// `t` has these `ROWS` and `PANELS`.
#[target_feature(enable = "avx512f")]
fn tile_f32_of<const ROWS: usize, const PANELS: usize>(t: &TileF32, out: &mut Sums<f32>) {
    assert_eq!((t.rows(), t.panels()), (ROWS, PANELS));
    let (values, stride) = (t.values(), t.stride());
    let (weights, panel_stride) = (t.weights(), t.panel_stride());
    let mut sums = [[_mm512_setzero_ps(); PANELS]; ROWS];
    for k in 0..t.k() {
        let mut w = [_mm512_setzero_ps(); PANELS];
        for (panel, w) in w.iter_mut().enumerate() {
            // SAFETY: each panel has 16 weights per k.
            *w = unsafe { _mm512_loadu_ps(weights.add(panel * panel_stride + k * 16)) };
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: each row has k values.
            let x = _mm512_set1_ps(unsafe { *values.add(row * stride + k) });
            for panel in 0..PANELS {
                sums[panel] = _mm512_fmadd_ps(x, w[panel], sums[panel]);
            }
        }
    }
    for (sums, out) in sums.as_flattened().iter().zip(&mut out.0) {
        // SAFETY: `out` is `[f32; 16]`.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), *sums) };
    }
}
