//! What a CPU can do at best with a table's instructions: loops of independent multiply-accumulates on registers alone.
//!
//! A loop is one block of assembly. From intrinsics the compiler would take out of the loop whatever does not change in
//! it, and measure more than there is.

#[cfg(target_arch = "aarch64")]
mod arm;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::timing::{Case, Group, Precision, calls};
#[cfg(target_arch = "aarch64")]
use arm as isa;
use wavlm_kernels::Kernels;
#[cfg(target_arch = "x86_64")]
use x86 as isa;

/// The best loops of a table's instructions.
struct Peaks {
    int8: Peak,
    float: Peak,
}

/// A loop of multiply-accumulates.
struct Peak {
    /// Multiply-accumulates of one turn.
    macs: u64,
    /// Takes so many turns, at least one. Calling it is sound where the CPU has its instructions.
    turn: unsafe fn(u64),
}

impl Peak {
    /// Turns of one [`run`](Self::run).
    const TURNS: u64 = 1000;

    /// Multiply-accumulates of one [`run`](Self::run).
    fn macs(&self) -> u64 {
        self.macs * Self::TURNS
    }

    fn run(&self) {
        // SAFETY: `cases` alone makes these, for a table that it holds: the CPU has its instructions.
        unsafe { (self.turn)(Self::TURNS) }
    }
}

/// The peaks of one table; none for the reference, which has no instruction of its own.
pub fn cases(kernels: &Kernels) -> Vec<Case> {
    let Some(Peaks { int8, float }) = isa::peaks(kernels.name()) else { return Vec::new() };
    let case = |precision: Precision, peak: Peak| Case {
        kernel: kernels.name(),
        group: Group::Peak(precision),
        name: precision.name().to_owned(),
        work: peak.macs(),
        run: calls(move || peak.run()),
    };
    vec![case(Precision::Int8, int8), case(Precision::Float, float)]
}
