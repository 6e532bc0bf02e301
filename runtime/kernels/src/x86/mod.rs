//! Tables of x86-64.

pub(crate) mod avx2;
mod avx2_i4;
pub(crate) mod avx512vnni;
pub(crate) mod avxvnni;
mod prefetch;
mod sums;
