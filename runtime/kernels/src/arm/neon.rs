//! Baseline NEON: out-of-order cores without dot products (A57, A72).
//!
//! `smull` and `smlal` put two products into each 16-bit lane, exact since 2·127·127 < 2¹⁵; `sadalp` adds lane pairs
//! to 32 bits. Two rows by the whole panel take the fewest loads. The loop is one block of assembly: from intrinsics
//! the compiler makes `smull2` out of a move and a `smull`, and spills.

use super::float;
use super::sums::put_pairs;
use crate::portable::kernels;
use crate::spans::spans;
use crate::tile::{Size, Sums, TileI8};
use std::arch::aarch64::*;
use std::arch::asm;

kernels! {
    name: "neon",
    features: is_aarch64_feature_detected["neon"],
    made_for: None,
    elementwise: baseline,
    tile_i8: (tile_i8, Size { rows: 16, step: 2, panels: 1 }),
    tile_f32: (float::tile_f32, float::SIZE),
}

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "neon")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    by_depth(t, out, |t, out| rows_from::<false>(0, t, out), |t, out| rows_from::<true>(0, t, out));
}

/// Has the products of one block of inputs stored as sums, and those of the others added to them. A block's weights for all
/// of the tile's rows come from the first cache, usually of 32 KiB on these cores.
#[inline]
pub(super) fn by_depth(
    t: &TileI8,
    out: &mut Sums<i32>,
    store: impl Fn(&TileI8, &mut Sums<i32>),
    add: impl Fn(&TileI8, &mut Sums<i32>),
) {
    const DEPTH: usize = 1024;
    assert_eq!(t.panels(), 1);
    if t.k() <= DEPTH {
        return store(t, out);
    }
    store(&t.inputs(0..DEPTH), out);
    for inputs in spans(DEPTH..t.k(), DEPTH) {
        add(&t.inputs(inputs), out);
    }
}

/// Stores the products of the tile's rows from `first` on, or adds them to what is there.
#[target_feature(enable = "neon")]
pub(super) fn rows_from<const ADD: bool>(first: usize, t: &TileI8, out: &mut Sums<i32>) {
    let (steps, weights) = (t.k() / 8, t.panel(0).as_ptr());
    for row in (first..t.rows()).step_by(2) {
        let codes = t.row(row).as_ptr();
        if row + 1 < t.rows() {
            let next = t.row(row + 1).as_ptr();
            // SAFETY: each row has k codes, the panel 16·k weights; k is a multiple of 16 and not zero.
            let sums = unsafe { sums_2x16(steps, [codes, next], weights) };
            put_pairs::<ADD, 8>(sums[0], 0, &mut out.0[row]);
            put_pairs::<ADD, 8>(sums[1], 0, &mut out.0[row + 1]);
        } else {
            // SAFETY: as above.
            let sums = unsafe { sums_1x16(steps, [codes], weights) };
            put_pairs::<ADD, 8>(sums[0], 0, &mut out.0[row]);
        }
    }
}

/// One row times four columns by eight inputs: of each operand inputs 0-3 in the first register, 4-7 in the second.
#[rustfmt::skip]
macro_rules! four_columns {
    ($weights03:tt, $weights47:tt, $codes03:tt, $codes47:tt,
     $low:tt, $high:tt, $sums01:tt, $sums23:tt) => {
        concat!(
            "smull ", $low, ".8h, ", $weights03, ".8b, ", $codes03, ".8b\n",
            "smull2 ", $high, ".8h, ", $weights03, ".16b, ", $codes03, ".16b\n",
            "smlal ", $low, ".8h, ", $weights47, ".8b, ", $codes47, ".8b\n",
            "smlal2 ", $high, ".8h, ", $weights47, ".16b, ", $codes47, ".16b\n",
            "sadalp ", $sums01, ".4s, ", $low, ".8h\n",
            "sadalp ", $sums23, ".4s, ", $high, ".8h",
        )
    };
}

/// Makes a function of some rows by 16 columns. A row takes a pointer, two registers for codes, two for products, and
/// eight for sums.
macro_rules! sums_by_16 {
    ($name:ident, $rows:literal: $(
        $row:literal $pointer:ident ($codes03:tt $codes47:tt) ($low:tt $high:tt)
        ($s0:tt $s1:tt $s2:tt $s3:tt $s4:tt $s5:tt $s6:tt $s7:tt)
    ),*) => {
        /// Over `steps` times 8 codes; each row's sums are still to be added in pairs.
        ///
        /// # Safety
        /// `codes` must point to `8 · steps` codes each, `weights` to `128 · steps` weights, and `steps` not be zero.
        #[inline]
        #[target_feature(enable = "neon")]
        unsafe fn $name(steps: usize, codes: [*const u8; $rows], weights: *const i8) -> [[int32x4_t; 8]; $rows] {
            let mut sums = [[vdupq_n_s32(0); 8]; $rows];
            // SAFETY: the caller's promise: every step reads 8 codes of each row and 128 weights, then moves on.
            unsafe {
                asm!(
                    "2:",
                    $(
                        concat!("ld1r {{", $codes03, ".4s}}, [{", stringify!($pointer), "}], #4"),
                        concat!("ld1r {{", $codes47, ".4s}}, [{", stringify!($pointer), "}], #4"),
                    )*
                    "ldp q4, q5, [{weights}], #64",
                    "ldp q6, q7, [{weights}], #-32",
                    $(
                        four_columns!("v4", "v6", $codes03, $codes47, $low, $high, $s0, $s1),
                        four_columns!("v5", "v7", $codes03, $codes47, $low, $high, $s2, $s3),
                    )*
                    "ldp q4, q5, [{weights}], #64",
                    "ldp q6, q7, [{weights}], #32",
                    $(
                        four_columns!("v4", "v6", $codes03, $codes47, $low, $high, $s4, $s5),
                        four_columns!("v5", "v7", $codes03, $codes47, $low, $high, $s6, $s7),
                    )*
                    "subs {steps}, {steps}, #1",
                    "b.ne 2b",
                    steps = inout(reg) steps => _,
                    weights = inout(reg) weights => _,
                    out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                    $(
                        $pointer = inout(reg) codes[$row] => _,
                        out($codes03) _, out($codes47) _, out($low) _, out($high) _,
                        inout($s0) sums[$row][0], inout($s1) sums[$row][1], inout($s2) sums[$row][2],
                        inout($s3) sums[$row][3], inout($s4) sums[$row][4], inout($s5) sums[$row][5],
                        inout($s6) sums[$row][6], inout($s7) sums[$row][7],
                    )*
                    options(readonly, nostack),
                );
            }
            sums
        }
    };
}

sums_by_16!(sums_1x16, 1:
    0 row0 ("v0" "v1") ("v12" "v13") ("v16" "v17" "v18" "v19" "v20" "v21" "v22" "v23"));
sums_by_16!(sums_2x16, 2:
    0 row0 ("v0" "v1") ("v12" "v13") ("v16" "v17" "v18" "v19" "v20" "v21" "v22" "v23"),
    1 row1 ("v2" "v3") ("v14" "v15") ("v24" "v25" "v26" "v27" "v28" "v29" "v30" "v31"));
