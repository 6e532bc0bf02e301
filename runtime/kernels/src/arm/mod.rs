//! Tables of 64-bit ARM. NEON is part of the architecture, so the element-wise bodies and the f32 tile are the same
//! for all of them; the tables differ in the int8 tile.

pub(crate) mod a53;
mod by_lane;
pub(crate) mod dotprod;
mod float;
pub(crate) mod i8mm;
pub(crate) mod neon;
mod sums;
