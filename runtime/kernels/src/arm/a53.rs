//! NEON for small cores that issue in order and have no dot products (A34, A35, A53).
//!
//! The arithmetic is that of [`neon`], in an order that an A53 issues in pairs. A 128-bit load takes two cycles alone.
//! A 64-bit load to a vector register goes beside a move from a general one, as do two such moves; only a load to a
//! general register goes beside a multiplication. Every operand is loaded long before its use.

use super::sums::put_pairs;
use super::{float, neon};
use crate::cores::CoreKind;
use crate::portable::kernels;
use crate::tile::{Size, Sums, TileI8};
use std::arch::aarch64::*;
use std::arch::asm;

/// Rows of one pass. What is left of a tile's rows goes to [`neon`].
const ROWS: usize = 4;

kernels! {
    name: "neon-a53",
    features: is_aarch64_feature_detected["neon"],
    made_for: Some(CoreKind::InOrder),
    elementwise: baseline,
    tile_i8: (tile_i8, Size { rows: 6 * ROWS, step: ROWS, panels: 1 }),
    tile_f32: (float::tile_f32, float::SIZE),
}

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "neon")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    neon::by_depth(t, out, |t, out| all_rows::<false>(t, out), |t, out| all_rows::<true>(t, out));
}

/// Stores the products of all of the tile's rows, or adds them to what is there.
#[target_feature(enable = "neon")]
fn all_rows<const ADD: bool>(t: &TileI8, out: &mut Sums<i32>) {
    let whole = t.rows() - t.rows() % ROWS;
    for first in (0..whole).step_by(ROWS) {
        let codes = [0, 1, 2, 3].map(|row| t.codes().wrapping_add((first + row) * t.stride()));
        for half in 0..2 {
            // SAFETY: four rows from `first` on are the tile's, and each row has k codes, k a multiple of 16 and not zero;
            // the panel has 16·k weights, of which a half is 32 of every 64.
            let sums = unsafe { sums_4x8(t.k() / 8, codes, t.panel(0).as_ptr().add(half * 32)) };
            for (sums, out) in sums.into_iter().zip(&mut out.0[first..]) {
                put_pairs::<ADD, 4>(sums, half * 2, out);
            }
        }
    }
    if whole < t.rows() {
        neon::rows_from::<ADD>(whole, t, out);
    }
}

/// Four rows times two columns by eight inputs, and what is to be issued behind each instruction.
#[rustfmt::skip]
macro_rules! two_columns {
    ($weights03:literal $weights47:literal, $sum0:literal $sum1:literal $sum2:literal $sum3:literal,
     $mul0:expr, $mul1:expr, $mul2:expr, $mul3:expr,
     $mla0:expr, $mla1:expr, $mla2:expr, $mla3:expr,
     $add0:expr, $add1:expr, $add2:expr) => {
        concat!(
            "smull v12.8h, ", $weights03, ".8b, v0.8b\n", $mul0, "\n",
            "smull v13.8h, ", $weights03, ".8b, v1.8b\n", $mul1, "\n",
            "smull v14.8h, ", $weights03, ".8b, v2.8b\n", $mul2, "\n",
            "smull v15.8h, ", $weights03, ".8b, v3.8b\n", $mul3, "\n",
            "smlal v12.8h, ", $weights47, ".8b, v4.8b\n", $mla0, "\n",
            "smlal v13.8h, ", $weights47, ".8b, v5.8b\n", $mla1, "\n",
            "smlal v14.8h, ", $weights47, ".8b, v6.8b\n", $mla2, "\n",
            "smlal v15.8h, ", $weights47, ".8b, v7.8b\n", $mla3, "\n",
            "sadalp ", $sum0, ".4s, v12.8h\n", $add0, "\n",
            "sadalp ", $sum1, ".4s, v13.8h\n", $add1, "\n",
            "sadalp ", $sum2, ".4s, v14.8h\n", $add2, "\n",
            "sadalp ", $sum3, ".4s, v15.8h\n",
        )
    };
}

/// Eight inputs. `$next` emits what the next eight need, or nothing behind the last.
#[rustfmt::skip]
macro_rules! step {
    ($next:ident) => {
        concat!(
            two_columns!("v8" "v9", "v16" "v20" "v24" "v28",
                "", "", "",
                concat!(
                    "ldr d10, [{weights}, #8]\n dup v4.2s, w14\n",
                    "ldr d11, [{weights}, #72]\n dup v5.2s, w15\n",
                    "dup v6.2s, w16\n dup v7.2s, w17",
                ),
                "", "", "", "",
                "", "", ""),
            two_columns!("v10" "v11", "v17" "v21" "v25" "v29",
                $next!("subs {steps}, {steps}, #1"), "", "ldr x8, [{weights}, #16]", "ldr x9, [{weights}, #80]",
                "", "", "", "fmov d8, x8\n fmov d9, x9",
                "", "", ""),
            two_columns!("v8" "v9", "v18" "v22" "v26" "v30",
                $next!("ldr w10, [{row0}, #8]!"), $next!("ldr w11, [{row1}, #8]!"),
                $next!("ldr w12, [{row2}, #8]!"), $next!("ldr w13, [{row3}, #8]!"),
                "ldr x8, [{weights}, #24]", "ldr x9, [{weights}, #88]", "", "fmov d10, x8\n fmov d11, x9",
                "", "", ""),
            two_columns!("v10" "v11", "v19" "v23" "v27" "v31",
                "", "", "", "",
                $next!("ldr w14, [{row0}, #4]"), $next!("ldr w15, [{row1}, #4]"),
                $next!("ldr w16, [{row2}, #4]"), $next!("ldr w17, [{row3}, #4]"),
                $next!("ldr d8, [{weights}, #128]\n dup v0.2s, w10"),
                $next!("ldr d9, [{weights}, #192]\n dup v1.2s, w11"),
                $next!("dup v2.2s, w12\n dup v3.2s, w13\n add {weights}, {weights}, #128")),
        )
    };
}
macro_rules! emit {
    ($instructions:literal) => {
        $instructions
    };
}
macro_rules! nothing {
    ($instructions:literal) => {
        ""
    };
}

/// Products of 4 rows and 8 columns, over `steps` times 8 codes; the sums are still to be added in pairs.
///
/// # Safety
/// `codes` must point to `8 · steps` codes each; `weights` to `steps` blocks of 128 bytes, of which this reads the
/// first and the third 32. `steps` must be at least two.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn sums_4x8(steps: usize, codes: [*const u8; ROWS], weights: *const i8) -> [[int32x4_t; 4]; ROWS] {
    let mut sums = [[vdupq_n_s32(0); 4]; ROWS];
    // Two columns by eight inputs: d8 (or d10) has inputs 0-3 of both columns, d9 (d11) inputs 4-7. v0-v3 have codes
    // 0-3 of each row, twice over, and v4-v7 codes 4-7, from w10-w13 and w14-w17; x8 and x9 have weights on their way.
    // SAFETY: the caller's promise: a step reads what is left of its own 8 codes of each row and 2 · 32 of 128 weights,
    // and all but the last read the first of the next.
    unsafe {
        asm!(
            "ldr w10, [{row0}]",
            "ldr w11, [{row1}]",
            "ldr w12, [{row2}]",
            "ldr w13, [{row3}]",
            "ldr w14, [{row0}, #4]",
            "ldr w15, [{row1}, #4]",
            "ldr w16, [{row2}, #4]",
            "ldr w17, [{row3}, #4]",
            "dup v0.2s, w10",
            "dup v1.2s, w11",
            "dup v2.2s, w12",
            "dup v3.2s, w13",
            "ldr d8, [{weights}]",
            "ldr d9, [{weights}, #64]",
            "2:",
            step!(emit),
            "b.ne 2b",
            step!(nothing),
            steps = inout(reg) steps - 1 => _,
            weights = inout(reg) weights => _,
            row0 = inout(reg) codes[0] => _,
            row1 = inout(reg) codes[1] => _,
            row2 = inout(reg) codes[2] => _,
            row3 = inout(reg) codes[3] => _,
            out("x8") _, out("x9") _, out("x10") _, out("x11") _, out("x12") _, out("x13") _,
            out("x14") _, out("x15") _, out("x16") _, out("x17") _,
            out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
            out("v8") _, out("v9") _, out("v10") _, out("v11") _,
            out("v12") _, out("v13") _, out("v14") _, out("v15") _,
            inout("v16") sums[0][0], inout("v17") sums[0][1], inout("v18") sums[0][2], inout("v19") sums[0][3],
            inout("v20") sums[1][0], inout("v21") sums[1][1], inout("v22") sums[1][2], inout("v23") sums[1][3],
            inout("v24") sums[2][0], inout("v25") sums[2][1], inout("v26") sums[2][2], inout("v27") sums[2][3],
            inout("v28") sums[3][0], inout("v29") sums[3][1], inout("v30") sums[3][2], inout("v31") sums[3][3],
            options(readonly, nostack),
        );
    }
    sums
}
