//! Tables of 64-bit ARM. NEON is part of the architecture, so the element-wise bodies and the f32 tile are the same
//! for all of them; the tables differ in the int8 tile.

pub(crate) mod dotprod;
mod float;
pub(crate) mod i8mm;
pub(crate) mod neon;

use crate::portable::elementwise;
use crate::tile::TileI8;
use std::arch::aarch64::*;

elementwise!(zero_code: 0, #[target_feature(enable = "neon")]);

/// Scales the sums of row `row`, columns `4 * quarter ..`, adds the bias, and stores them: the end of
/// [`RunI8`](crate::tile::RunI8).
#[inline]
#[target_feature(enable = "neon")]
fn store_scaled(t: &TileI8, row: usize, quarter: usize, sums: int32x4_t, out: &mut [f32; 16]) {
    let value = vmulq_n_f32(vcvtq_f32_s32(sums), t.row_scales[row]);
    let value = vmulq_f32(value, quarter_of(&t.column_scales[0], quarter));
    store(vaddq_f32(value, quarter_of(&t.bias[0], quarter)), quarter, out);
}

#[inline]
#[target_feature(enable = "neon")]
fn quarter_of(values: &[f32; 16], quarter: usize) -> float32x4_t {
    let values = &values.as_chunks::<4>().0[quarter];
    // SAFETY: `values` is `[f32; 4]`.
    unsafe { vld1q_f32(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(values: float32x4_t, quarter: usize, out: &mut [f32; 16]) {
    let out = &mut out.as_chunks_mut::<4>().0[quarter];
    // SAFETY: `out` is `[f32; 4]`.
    unsafe { vst1q_f32(out.as_mut_ptr(), values) }
}
