//! NEON with dot products (A76, A78): `sdot` by lane adds four products to each of four 32-bit columns, the codes
//! being one 4-byte lane of a row's vector.

use super::by_lane::tile_by_lane;
use super::float;
use crate::portable::kernels;
use crate::tile::{Size, TileI8};
use std::arch::aarch64::*;
use std::arch::asm;

kernels! {
    name: "dotprod",
    features: is_aarch64_feature_detected["neon", "dotprod"],
    made_for: None,
    elementwise: baseline,
    tile_i8: (tile_i8, Size { rows: 16, step: 1, panels: 1 }),
    tile_f32: (float::tile_f32, float::SIZE),
}

tile_by_lane! {
    #[target_feature(enable = "neon,dotprod")]
    fn tile_i8(TileI8) -> i32,
    lane: [i8; 4],
    load: vld1q_s8 -> int8x16_t,
    zero: vdupq_n_s32(0) => int32x4_t, multiply: sdot, store: vst1q_s32,
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
