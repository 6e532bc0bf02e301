//! int4 weights on AVX2, multiplied as they are stored: `vpmaddubsw` takes them as the unsigned bytes 0 to 15, and the sums of a
//! whole group of inputs fit 16 bits, so that eight products need one widening in place of eight. That is less work than int8
//! weights make.
//!
//! What a code stands for is its distance from 8, times the multiplier of its group. So from the sums of each group eight times
//! its activations are taken, and what is left, at most 16·127·8 of either sign, is multiplied while it is widened.

use super::prefetch::Prefetch;
use super::sums::store;
use crate::layout::{GROUP, GROUP_CODES, GROUP_I4, PANEL, ZERO_I4};
use crate::tile::{MAX_PANELS, Size, Sums, TileI4};
use std::arch::x86_64::*;

pub(super) const SIZE: Size = Size { rows: 4, step: 1, panels: MAX_PANELS };

/// See [`RunI4`](crate::tile::RunI4).
#[target_feature(enable = "avx2")]
pub(super) fn tile_i4(t: &TileI4, out: &mut Sums<i32>) {
    match t.rows() {
        1 => tile_i4_of::<1>(t, out),
        2 => tile_i4_of::<2>(t, out),
        3 => tile_i4_of::<3>(t, out),
        4 => tile_i4_of::<4>(t, out),
        rows => unreachable!("a tile of {rows} rows"),
    }
}

/// `t` has these `ROWS`.
#[target_feature(enable = "avx2")]
fn tile_i4_of<const ROWS: usize>(t: &TileI4, out: &mut Sums<i32>) {
    assert!(t.rows() == ROWS && t.panels() <= MAX_PANELS);
    let mut sums = [[[_mm256_setzero_si256(); 2]; MAX_PANELS]; ROWS];
    let mut prefetch = Prefetch::new(t.next(), t.groups());
    for group in 0..t.groups() {
        prefetch.part::<{ MAX_PANELS * GROUP_CODES / 64 }>();
        let inputs = (t.k() - group * GROUP_I4).min(GROUP_I4);
        // Each row has k codes, and these inputs are below k.
        let start = t.codes().wrapping_add(group * GROUP_I4);
        let rows: [*const u8; ROWS] = std::array::from_fn(|row| start.wrapping_add(row * t.stride()));
        // SAFETY: so many inputs of each row are there.
        let zeros = rows.map(|row| unsafe { eight_times(row, inputs) });
        for panel in 0..t.panels() {
            let (codes, multipliers) = t.group(panel, group);
            // SAFETY: the same, and they are a multiple of 16.
            let found = unsafe { products(rows, codes, inputs) };
            let multipliers = pairs(multipliers);
            for ((sums, found), zero) in sums.iter_mut().zip(found).zip(zeros) {
                for ((sum, found), multipliers) in sums[panel].iter_mut().zip(found).zip(multipliers) {
                    let exact = _mm256_sub_epi16(found, _mm256_set1_epi32(zero));
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(exact, multipliers));
                }
            }
        }
    }
    for (sums, out) in sums.iter().zip(out.0.chunks_mut(t.panels())) {
        store(sums, out);
    }
}

/// What a group's codes add up to, times activations: for each row, sixteen columns in two 16-bit sums each.
///
/// # Safety
/// Each row has so many `inputs`, a multiple of 8 and at most 32.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn products<const ROWS: usize>(
    rows: [*const u8; ROWS],
    codes: &[u8; GROUP_CODES],
    inputs: usize,
) -> [[__m256i; 2]; ROWS] {
    let four_bits = _mm256_set1_epi8(15);
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (lines, codes) in
        codes.as_chunks::<{ GROUP * PANEL }>().0.iter().enumerate().take(inputs / (2 * GROUP))
    {
        let halves = codes.as_chunks::<32>().0;
        // SAFETY: each is `[u8; 32]`.
        let codes = [0, 1].map(|half| unsafe { _mm256_loadu_si256(halves[half].as_ptr().cast()) });
        let early = codes.map(|codes| _mm256_and_si256(codes, four_bits));
        let late = codes.map(|codes| _mm256_and_si256(_mm256_srli_epi16::<4>(codes), four_bits));
        for (line, weights) in [early, late].into_iter().enumerate() {
            for (row, sums) in rows.into_iter().zip(&mut sums) {
                // SAFETY: these four inputs are below `inputs`.
                let code = unsafe { row.add((2 * lines + line) * GROUP).cast::<i32>().read_unaligned() };
                let code = _mm256_set1_epi32(code);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_add_epi16(*sum, _mm256_maddubs_epi16(weights, code));
                }
            }
        }
    }
    sums
}

/// Eight times the activations of a row, added up as [`products`] adds them: the first two of every four, and the last two, in
/// 16 bits each.
///
/// # Safety
/// There are so many `inputs`, 16 or 32.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn eight_times(row: *const u8, inputs: usize) -> i32 {
    let eight = _mm256_set1_epi8(ZERO_I4 as i8);
    let codes = if inputs == GROUP_I4 {
        // SAFETY: there are 32.
        unsafe { _mm256_loadu_si256(row.cast()) }
    } else {
        // SAFETY: there are 16.
        _mm256_zextsi128_si256(unsafe { _mm_loadu_si128(row.cast()) })
    };
    let pairs = _mm256_maddubs_epi16(eight, codes);
    let pairs = _mm_add_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256::<1>(pairs));
    let pairs = _mm_add_epi16(pairs, _mm_shuffle_epi32::<0b01_00_11_10>(pairs));
    _mm_cvtsi128_si32(_mm_add_epi16(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs)))
}

/// Each column's multiplier, once for either of its 16-bit sums.
#[inline]
#[target_feature(enable = "avx2")]
fn pairs(multipliers: &[u8; PANEL]) -> [__m256i; 2] {
    // SAFETY: `multipliers` is `[u8; 16]`.
    let all = unsafe { _mm_loadu_si128(multipliers.as_ptr().cast()) };
    [all, _mm_srli_si128::<8>(all)].map(|half| {
        let wide = _mm256_cvtepu8_epi32(half);
        _mm256_or_si256(wide, _mm256_slli_epi32::<16>(wide))
    })
}
