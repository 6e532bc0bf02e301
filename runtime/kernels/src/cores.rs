//! Kinds of cores: what Linux and the cores themselves tell, read in this one place.
//!
//! Two things matter. Whether a core issues instructions in order decides between tables of one instruction set, and is
//! told by the caller, who knows on which cores the work will run. Whether it is a big or a little one of its chip
//! decides on which cores a program had better run.

use std::cmp::Reverse;
use std::fs;
#[cfg(any(target_arch = "aarch64", test))]
use std::ops::RangeInclusive;

/// Where Linux describes the cores.
const SYSTEM: &str = "/sys/devices/system/cpu";

/// A core slower than this part of the fastest is a little one: in order beside out of order, they have half or less. Big
/// ones of one chip may differ by a quarter.
const LITTLE: f64 = 0.65;

/// How a core issues instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreKind {
    /// In the order of the program: Arm's A34, A35, A53 and A55.
    InOrder,
    /// In the order in which operands become ready; also where nothing is known.
    OutOfOrder,
}

impl CoreKind {
    /// The kind of the cores with these numbers, one of which the calling thread runs on. They count as in order if all of
    /// them are: where there are others too, the work is theirs.
    #[cfg(target_arch = "aarch64")]
    pub fn of(cores: &[usize]) -> Self {
        let others =
            cores.iter().filter_map(|core| parse_main_id(&describe(*core, "regs/identification/midr_el1")?));
        kind(own_main_id(), others)
    }

    /// The kind of the cores with these numbers, one of which the calling thread runs on.
    #[cfg(not(target_arch = "aarch64"))]
    pub fn of(_cores: &[usize]) -> Self {
        Self::OutOfOrder
    }

    /// The kind of the cores that the system lets this process run on.
    pub fn of_this_process() -> Self {
        #[cfg(target_arch = "aarch64")]
        return Self::of(&allowed());
        #[cfg(not(target_arch = "aarch64"))]
        Self::OutOfOrder
    }
}

/// Cores of one chip by how fast they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Numbers of the big ones, the fastest first: those that are not far slower than the fastest.
    pub big: Vec<usize>,
    /// Numbers of the others, the fastest first.
    pub little: Vec<usize>,
}

impl Sizes {
    /// The sizes of the cores with these numbers; `None` unless the system tells of all of them. Linux does on ARM and
    /// RISC-V.
    pub fn of(cores: &[usize]) -> Option<Self> {
        let capacities = cores.iter().map(|&core| describe(core, "cpu_capacity")?.trim().parse().ok());
        Some(Self::by_capacity(cores, &capacities.collect::<Option<Vec<u32>>>()?))
    }

    /// The sizes of cores by Linux's `cpu_capacity`, the fastest of the chip having 1024.
    fn by_capacity(cores: &[usize], capacities: &[u32]) -> Self {
        let mut ranked: Vec<_> = capacities.iter().zip(cores).collect();
        ranked.sort_by_key(|&(&capacity, _)| Reverse(capacity));
        let largest = ranked.first().map_or(0, |&(&capacity, _)| capacity);
        let is_big = |capacity: u32| f64::from(capacity) >= LITTLE * f64::from(largest);
        let count = ranked.iter().filter(|&&(&capacity, _)| is_big(capacity)).count();
        let mut big: Vec<_> = ranked.into_iter().map(|(_, &core)| core).collect();
        let little = big.split_off(count);
        Self { big, little }
    }
}

/// What the system says of a core in one of its files.
fn describe(core: usize, file: &str) -> Option<String> {
    fs::read_to_string(format!("{SYSTEM}/cpu{core}/{file}")).ok()
}

/// The kind of cores by their `MIDR_EL1`: that of the core that asks, if it could be read, and those of the others, as far as
/// the system tells.
#[cfg(any(target_arch = "aarch64", test))]
fn kind(own: Option<u64>, mut others: impl Iterator<Item = u64>) -> CoreKind {
    match own.is_some_and(is_in_order) && others.all(is_in_order) {
        true => CoreKind::InOrder,
        false => CoreKind::OutOfOrder,
    }
}

#[cfg(any(target_arch = "aarch64", test))]
fn is_in_order(main_id: u64) -> bool {
    let (implementer, part) = (main_id >> 24 & 0xff, main_id >> 4 & 0xfff);
    implementer == u64::from(b'A') && matches!(part, 0xd02..=0xd05)
}

/// `MIDR_EL1` of the core that this thread runs on, if the system lets programs read it.
#[cfg(target_arch = "aarch64")]
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
    unsafe {
        std::arch::asm!(
            "mrs {}, midr_el1",
            out(reg) main_id,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    Some(main_id)
}

/// Numbers of the cores that this process may run on; none if the system does not tell.
#[cfg(target_arch = "aarch64")]
fn allowed() -> Vec<usize> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    ranges(allowed).flatten().collect()
}

/// `0x00000000410fd034`.
#[cfg(any(target_arch = "aarch64", test))]
fn parse_main_id(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// `0-3,8`: two ranges.
#[cfg(any(target_arch = "aarch64", test))]
fn ranges(list: &str) -> impl Iterator<Item = RangeInclusive<usize>> {
    list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A53: &str = "0x00000000410fd034\n";
    const A72: &str = "0x00000000410fd083\n";
    const ANOTHER_MAKER: &str = "0x00000000510fd034\n";

    #[test]
    fn cores_that_issue_in_order_are_known_by_their_register() {
        let kind = |own: &str, others: &[&str]| {
            kind(parse_main_id(own), others.iter().filter_map(|text| parse_main_id(text)))
        };
        assert_eq!(kind(A53, &[]), CoreKind::InOrder);
        assert_eq!(kind(A53, &[A53, A53]), CoreKind::InOrder);
        assert_eq!(kind(A53, &[A53, A72]), CoreKind::OutOfOrder, "there is a big one too");
        assert_eq!(kind(A72, &[]), CoreKind::OutOfOrder);
        assert_eq!(kind(ANOTHER_MAKER, &[]), CoreKind::OutOfOrder);
        assert_eq!(kind("\n", &[A53]), CoreKind::OutOfOrder, "the register cannot be read");
    }

    #[test]
    fn lists_of_cores_are_read() {
        let cores = |list| ranges(list).flatten().collect::<Vec<_>>();
        assert_eq!(cores("\t0-3\n"), [0, 1, 2, 3]);
        assert_eq!(cores("0,2,4-5"), [0, 2, 4, 5]);
        assert!(cores("").is_empty());
    }

    fn sizes(cores: &[usize], capacities: &[u32]) -> (Vec<usize>, Vec<usize>) {
        let Sizes { big, little } = Sizes::by_capacity(cores, capacities);
        (big, little)
    }

    #[test]
    fn big_cores_may_differ_a_little() {
        // Rockchip RK3588: four A55, four A76 in two clusters.
        let capacities = [414, 414, 414, 414, 1024, 1024, 1010, 1010];
        let expected = (vec![4, 5, 6, 7], vec![0, 1, 2, 3]);
        assert_eq!(sizes(&[0, 1, 2, 3, 4, 5, 6, 7], &capacities), expected);
    }

    #[test]
    fn the_middle_of_three_kinds_is_big() {
        let capacities = [250, 250, 250, 250, 760, 760, 760, 1024];
        let expected = (vec![7, 4, 5, 6], vec![0, 1, 2, 3]);
        assert_eq!(sizes(&[0, 1, 2, 3, 4, 5, 6, 7], &capacities), expected);
    }

    #[test]
    fn equal_cores_are_all_big() {
        assert_eq!(sizes(&[2, 3], &[1024, 1024]), (vec![2, 3], vec![]));
        assert_eq!(sizes(&[0, 1], &[0, 0]), (vec![0, 1], vec![]));
        assert_eq!(sizes(&[], &[]), (vec![], vec![]));
    }

    #[test]
    fn sizes_are_known_of_all_cores_or_of_none() {
        assert_eq!(Sizes::of(&[0, usize::MAX]), None, "there is no such core");
    }
}
