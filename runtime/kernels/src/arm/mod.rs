//! Tables of 64-bit ARM. NEON is part of the architecture, so the element-wise bodies and the f32 tile are the same
//! for all of them; the tables differ in the int8 tile.

pub(crate) mod a53;
mod by_lane;
mod cores;
pub(crate) mod dotprod;
mod float;
pub(crate) mod i8mm;
pub(crate) mod neon;

use crate::PANEL;
use crate::portable::elementwise;
use std::arch::aarch64::*;

elementwise!(zero_code: 0, #[target_feature(enable = "neon")]);

/// Adds to the sums of columns `4 * quarter ..` of a row.
#[inline]
#[target_feature(enable = "neon")]
fn add_i32(sums: int32x4_t, quarter: usize, out: &mut [i32; PANEL]) {
    let out = &mut out.as_chunks_mut::<4>().0[quarter];
    // SAFETY: `out` is `[i32; 4]`.
    unsafe { vst1q_s32(out.as_mut_ptr(), vaddq_s32(vld1q_s32(out.as_ptr()), sums)) }
}
