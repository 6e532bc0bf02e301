//! Loops of 64-bit ARM, over as many independent sums as an in-order core needs, too.

use super::{Peak, Peaks};
use std::arch::asm;

pub(super) fn peaks(table: &str) -> Option<Peaks> {
    let int8 = match table {
        "neon" => Peak { macs: 8 * 16, turn: smlal },
        "dotprod" => Peak { macs: 20 * 16, turn: sdot },
        "i8mm" => Peak { macs: 20 * 32, turn: smmla },
        _ => return None,
    };
    Some(Peaks { int8, float: Peak { macs: 20 * 4, turn: fmla } })
}

/// A loop of `turns` (≥ 1) around `body`. Every byte of `v0` is 63 as int8, four together are 0.75 as f32: no product
/// is zero, infinite or subnormal. `\()` ends the name of a parameter.
macro_rules! turns {
    ($turns:ident, $($body:literal),*) => {
        // SAFETY: instructions between registers, all of which the ABI lets a function overwrite.
        unsafe {
            asm!(
                "movi v0.16b, #0x3F",
                "2:",
                $($body,)*
                "subs x9, x9, #1",
                "b.ne 2b",
                inout("x9") $turns => _,
                clobber_abi("C"),
                options(nomem, nostack),
            );
        }
    };
}

/// The sequence of the NEON tile: two products to each 16-bit lane, and pairs of lanes to 32 bits.
#[target_feature(enable = "neon")]
fn smlal(turns: u64) {
    turns!(
        turns,
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7",
        "smull v1\\i\\().8h, v0.8b, v0.8b",
        ".endr",
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7",
        "smlal v1\\i\\().8h, v0.8b, v0.8b",
        ".endr",
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7",
        "sadalp v2\\i\\().4s, v1\\i\\().8h",
        ".endr"
    );
}

#[target_feature(enable = "neon,dotprod")]
fn sdot(turns: u64) {
    turns!(
        turns,
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "sdot v1\\i\\().4s, v0.16b, v0.16b",
        "sdot v2\\i\\().4s, v0.16b, v0.16b",
        ".endr"
    );
}

#[target_feature(enable = "neon,i8mm")]
fn smmla(turns: u64) {
    turns!(
        turns,
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "smmla v1\\i\\().4s, v0.16b, v0.16b",
        "smmla v2\\i\\().4s, v0.16b, v0.16b",
        ".endr"
    );
}

#[target_feature(enable = "neon")]
fn fmla(turns: u64) {
    turns!(
        turns,
        ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "fmla v1\\i\\().4s, v0.4s, v0.4s",
        "fmla v2\\i\\().4s, v0.4s, v0.4s",
        ".endr"
    );
}
