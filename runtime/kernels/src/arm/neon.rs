//! Baseline NEON: cores without dot products (A53, A57, A72).
//!
//! `smull` and `smlal` put two products into each 16-bit lane, exact since 2·127·127 < 2¹⁵; `sadalp` adds lane pairs
//! to 32 bits. The loop is one block of assembly: from intrinsics the compiler makes `smull2` out of a move and a
//! `smull`, and spills.

use super::{ELEMENTWISE, float, store_i32};
use crate::dispatch::Kernels;
use crate::tile::{Sums, Tile, TileI8};
use std::arch::aarch64::*;
use std::arch::asm;

/// Rows of the tile. A tile of fewer computes its last row several times.
const ROWS: usize = 4;

pub(crate) static KERNELS: Kernels =
    Kernels::new("neon", || true, Tile { rows: ROWS, panels: 1, run: tile_i8 }, float::TILE, &ELEMENTWISE);

/// See [`RunI8`](crate::tile::RunI8).
#[target_feature(enable = "neon")]
fn tile_i8(t: &TileI8, out: &mut Sums<i32>) {
    assert!(t.in_bounds() && t.panels == 1 && t.rows <= ROWS);
    let mut codes = [t.codes.as_ptr(); ROWS];
    for (row, codes) in codes.iter_mut().enumerate() {
        *codes = codes.wrapping_add(row.min(t.rows - 1) * t.stride);
    }
    for half in 0..2 {
        // SAFETY: in bounds: each pointer stands before k codes, k a multiple of 8, and the panel's half is at most
        // 32 bytes into its 16·k.
        let sums = unsafe { sums_4x8(t.k / 8, codes, t.weights.as_ptr().add(half * 32)) };
        for (row, out) in out.0.iter_mut().enumerate().take(t.rows) {
            for (i, sums) in sums[row].into_iter().enumerate() {
                store_i32(sums, half * 2 + i, out);
            }
        }
    }
}

/// Products of 4 rows and 8 columns, over `steps` times 8 codes.
///
/// # Safety
/// `codes` must point to `8 · steps` codes each; `weights` to `steps` blocks of 128 bytes, of which this reads the
/// first and the third 32. `steps` must not be zero.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn sums_4x8(steps: usize, codes: [*const u8; ROWS], weights: *const i8) -> [[int32x4_t; 2]; ROWS] {
    // Two columns by eight inputs: d8 has inputs 0-3 of both columns, d9 inputs 4-7. v0-v3 have codes 0-3 of each
    // row, twice over, and v4-v7 codes 4-7. The 32-bit sums are still to be added in pairs.
    #[rustfmt::skip]
    macro_rules! two_columns {
        ($at:literal, $next:literal, $sum0:literal, $sum1:literal, $sum2:literal, $sum3:literal) => {
            concat!(
                "ldr d8, [{w}, #", $at, "]\n",
                "ldr d9, [{w}, #", $next, "]\n",
                "smull v10.8h, v8.8b, v0.8b\n",
                "smull v11.8h, v8.8b, v1.8b\n",
                "smull v12.8h, v8.8b, v2.8b\n",
                "smull v13.8h, v8.8b, v3.8b\n",
                "smlal v10.8h, v9.8b, v4.8b\n",
                "smlal v11.8h, v9.8b, v5.8b\n",
                "smlal v12.8h, v9.8b, v6.8b\n",
                "smlal v13.8h, v9.8b, v7.8b\n",
                "sadalp ", $sum0, ".4s, v10.8h\n",
                "sadalp ", $sum1, ".4s, v11.8h\n",
                "sadalp ", $sum2, ".4s, v12.8h\n",
                "sadalp ", $sum3, ".4s, v13.8h\n",
            )
        };
    }
    let mut sums = [[vdupq_n_s32(0); 4]; ROWS];
    // SAFETY: the caller's promise: every step reads 8 codes of each row and 2 · 32 of 128 weights, then moves on.
    unsafe {
        asm!(
            "2:",
            "ld1r {{v0.2s}}, [{row0}], #4",
            "ld1r {{v1.2s}}, [{row1}], #4",
            "ld1r {{v2.2s}}, [{row2}], #4",
            "ld1r {{v3.2s}}, [{row3}], #4",
            "ld1r {{v4.2s}}, [{row0}], #4",
            "ld1r {{v5.2s}}, [{row1}], #4",
            "ld1r {{v6.2s}}, [{row2}], #4",
            "ld1r {{v7.2s}}, [{row3}], #4",
            two_columns!("0", "64", "v16", "v20", "v24", "v28"),
            two_columns!("8", "72", "v17", "v21", "v25", "v29"),
            two_columns!("16", "80", "v18", "v22", "v26", "v30"),
            two_columns!("24", "88", "v19", "v23", "v27", "v31"),
            "add {w}, {w}, #128",
            "subs {steps}, {steps}, #1",
            "b.ne 2b",
            steps = inout(reg) steps => _,
            w = inout(reg) weights => _,
            row0 = inout(reg) codes[0] => _,
            row1 = inout(reg) codes[1] => _,
            row2 = inout(reg) codes[2] => _,
            row3 = inout(reg) codes[3] => _,
            out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _,
            out("v7") _, out("v8") _, out("v9") _, out("v10") _, out("v11") _, out("v12") _, out("v13") _,
            inout("v16") sums[0][0], inout("v17") sums[0][1], inout("v18") sums[0][2], inout("v19") sums[0][3],
            inout("v20") sums[1][0], inout("v21") sums[1][1], inout("v22") sums[1][2], inout("v23") sums[1][3],
            inout("v24") sums[2][0], inout("v25") sums[2][1], inout("v26") sums[2][2], inout("v27") sums[2][3],
            inout("v28") sums[3][0], inout("v29") sums[3][1], inout("v30") sums[3][2], inout("v31") sums[3][3],
            options(readonly, nostack),
        );
    }
    let mut paired = [[vdupq_n_s32(0); 2]; ROWS];
    for (paired, sums) in paired.iter_mut().zip(&sums) {
        *paired = [vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3])];
    }
    paired
}
