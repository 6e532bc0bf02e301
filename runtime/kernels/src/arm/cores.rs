//! Which cores this process may run on, where the instruction set does not tell them apart.

use std::arch::asm;
use std::fs;
use std::ops::RangeInclusive;

/// Whether every core is one of Arm's small ones, which issue in order: A34, A35, A53 or A55. Where there are big ones
/// too, the work is theirs.
pub(super) fn all_small() -> bool {
    own_main_id().is_some_and(is_small) && allowed_main_ids().into_iter().all(is_small)
}

fn is_small(main_id: u64) -> bool {
    let (implementer, part) = (main_id >> 24 & 0xff, main_id >> 4 & 0xfff);
    implementer == u64::from(b'A') && matches!(part, 0xd02..=0xd05)
}

/// `MIDR_EL1` of the core that this thread runs on, if the system lets programs read it.
fn own_main_id() -> Option<u64> {
    /// Entry of the auxiliary vector that has the capabilities.
    const AT_HWCAP: u64 = 16;
    /// The identification registers may be read: the kernel takes the trap.
    const HWCAP_CPUID: u64 = 1 << 11;
    let vector = fs::read("/proc/self/auxv").ok()?;
    let mut entries = vector.as_chunks::<8>().0.as_chunks::<2>().0.iter();
    let [_, capabilities] = entries.find(|[kind, _]| u64::from_ne_bytes(*kind) == AT_HWCAP)?;
    if u64::from_ne_bytes(*capabilities) & HWCAP_CPUID == 0 {
        return None;
    }
    let main_id;
    // SAFETY: the system has said that this instruction does not fault; it reads a register.
    unsafe { asm!("mrs {}, midr_el1", out(reg) main_id, options(pure, nomem, nostack, preserves_flags)) };
    Some(main_id)
}

/// `MIDR_EL1` of the cores that this process may run on, as far as the system tells.
fn allowed_main_ids() -> Vec<u64> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    let main_id = |core| {
        let path = format!("/sys/devices/system/cpu/cpu{core}/regs/identification/midr_el1");
        parse_main_id(&fs::read_to_string(path).ok()?)
    };
    ranges(allowed).flatten().filter_map(main_id).collect()
}

/// `0x00000000410fd034`.
fn parse_main_id(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// `0-3,8`: two ranges.
fn ranges(list: &str) -> impl Iterator<Item = RangeInclusive<u32>> {
    list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cores_are_known_by_their_register() {
        let small = |text| parse_main_id(text).map(is_small);
        assert_eq!(small("0x00000000410fd034\n"), Some(true), "A53");
        assert_eq!(small("0x00000000410fd083\n"), Some(false), "A72");
        assert_eq!(small("0x00000000510fd034\n"), Some(false), "another implementer");
        assert_eq!(small("\n"), None);
    }

    #[test]
    fn lists_of_cores_are_read() {
        let cores = |list| ranges(list).flatten().collect::<Vec<_>>();
        assert_eq!(cores("\t0-3\n"), [0, 1, 2, 3]);
        assert_eq!(cores("0,2,4-5"), [0, 2, 4, 5]);
        assert!(cores("").is_empty());
    }
}
