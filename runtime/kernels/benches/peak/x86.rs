//! Loops of x86-64. As many independent sums as hide an instruction's latency: twelve of 16 registers, or
//! 24 of 32; eight where products pass through other registers first.

use super::{Peak, Peaks};
use std::arch::asm;

pub(super) fn peaks(table: &str) -> Option<Peaks> {
    let fma_ymm = Peak { macs: 12 * 8, turn: fma_ymm };
    Some(match table {
        "avx2" => Peaks { int8: Peak { macs: 8 * 32, turn: vpmaddubsw_ymm }, float: fma_ymm },
        "avxvnni" => Peaks { int8: Peak { macs: 12 * 32, turn: vpdpbusd_ymm }, float: fma_ymm },
        "avx512vnni" => Peaks {
            int8: Peak { macs: 24 * 64, turn: vpdpbusd_zmm },
            float: Peak { macs: 24 * 16, turn: fma_zmm },
        },
        _ => return None,
    })
}

/// A loop of `turns` (≥ 1) around `body`, after `start`. `eax` holds four bytes that are 63 each as int8, and 0.75
/// together as f32: no product is zero, infinite or subnormal. The sums start from whatever the registers hold.
macro_rules! turns {
    ($turns:ident, start: [$($start:literal),*], body: [$($body:literal),*]) => {
        // SAFETY: instructions between registers, all of which the ABI lets a function overwrite.
        unsafe {
            asm!(
                $($start,)*
                "2:",
                $($body,)*
                "dec rcx",
                "jnz 2b",
                inout("rcx") $turns => _,
                inout("eax") 0x3F3F_3F3F => _,
                clobber_abi("C"),
                options(nomem, nostack),
            );
        }
    };
}

/// The sequence of the AVX2 tile: where a code is negative its weights are complemented, pairs of products are added in 16
/// bits, pairs of those in 32. One magnitude serves four vectors of weights.
#[target_feature(enable = "avx2")]
fn vpmaddubsw_ymm(turns: u64) {
    turns!(turns,
        start: [
            "vmovd xmm14, eax",
            "vpbroadcastd ymm14, xmm14", // codes, and weights
            "vpcmpeqw ymm15, ymm15, ymm15",
            "vpabsw ymm15, ymm15" // ones
        ],
        body: [
            ".macro row sums:vararg",
            "vpabsb ymm8, ymm14",
            "vpcmpgtb ymm9, ymm8, ymm14",
            ".irp sum, \\sums",
            "vpxor ymm10, ymm14, ymm9",
            "vpmaddubsw ymm10, ymm8, ymm10",
            "vpmaddwd ymm10, ymm10, ymm15",
            "vpaddd ymm\\sum, ymm\\sum, ymm10",
            ".endr",
            ".endm",
            "row 0, 1, 2, 3",
            "row 4, 5, 6, 7",
            ".purgem row"
        ]
    );
}

/// In its VEX encoding, which CPUs without AVX-512 have.
#[target_feature(enable = "avx2,avxvnni")]
fn vpdpbusd_ymm(turns: u64) {
    turns!(turns,
        start: ["vmovd xmm15, eax", "vpbroadcastd ymm15, xmm15"],
        body: [
            ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
            "{{vex}} vpdpbusd ymm\\sum, ymm15, ymm15",
            ".endr"
        ]
    );
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn vpdpbusd_zmm(turns: u64) {
    turns!(turns,
        start: ["vpbroadcastd zmm31, eax"],
        body: [
            ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23",
            "vpdpbusd zmm\\sum, zmm31, zmm31",
            ".endr"
        ]
    );
}

#[target_feature(enable = "avx2,fma")]
fn fma_ymm(turns: u64) {
    turns!(turns,
        start: ["vmovd xmm15, eax", "vpbroadcastd ymm15, xmm15"],
        body: [
            ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
            "vfmadd231ps ymm\\sum, ymm15, ymm15",
            ".endr"
        ]
    );
}

#[target_feature(enable = "avx512f")]
fn fma_zmm(turns: u64) {
    turns!(turns,
        start: ["vpbroadcastd zmm31, eax"],
        body: [
            ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23",
            "vfmadd231ps zmm\\sum, zmm31, zmm31",
            ".endr"
        ]
    );
}
