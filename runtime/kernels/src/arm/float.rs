//! The f32 tile: `fmla` by lane, which does not round between multiplication and addition.

use super::by_lane::tile_by_lane;
use crate::tile::{Size, TileF32};
use std::arch::aarch64::*;

pub(super) const SIZE: Size = Size { rows: 16, step: 1, panels: 1 };

tile_by_lane! {
    #[target_feature(enable = "neon")]
    pub(super) fn tile_f32(TileF32) -> f32,
    lane: [f32; 1],
    load: vld1q_f32 -> float32x4_t, load_lane: vld1q_dup_f32,
    zero: vdupq_n_f32(0.0) => float32x4_t, multiply: vfmaq_laneq_f32, store: vst1q_f32,
}
