//! Big and little cores: the work is kept on the fastest ones that the system lets this program use. One thread on a little
//! core would be late; of several, which have equal shares, it would make the others wait.
//!
//! Linux tells how fast cores are on ARM and RISC-V; elsewhere all of them are used.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// `fast` (the default) or `all`.
pub const VARIABLE: &str = "WAVLM_CORES";

/// Where Linux describes the cores.
const SYSTEM: &str = "/sys/devices/system/cpu";

/// A core slower than this part of the fastest is a little one: in order beside out of order, they have half or less. Big
/// ones of one chip may differ by a quarter.
const LITTLE: f64 = 0.65;

/// Where the program computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// On the fastest cores, as many as there are threads or more.
    Fast,
    /// On all that the system allows.
    All,
}

impl Wish {
    /// What the variable says; `None` if that is nothing known.
    pub fn of(value: Option<&OsStr>) -> Option<Wish> {
        match value.map(|value| value.to_str()) {
            None | Some(Some("fast")) => Some(Wish::Fast),
            Some(Some("all")) => Some(Wish::All),
            Some(_) => None,
        }
    }
}

/// The cores of this program, by the system's numbers.
#[derive(Debug)]
pub struct Cores {
    /// Those that it was started on: all, or what `taskset` or a container left.
    pub allowed: Vec<usize>,
    /// Those that it keeps to.
    pub used: Vec<usize>,
}

impl Cores {
    /// Keeps the calling thread, and all that it will start, to the cores that it had better use. Where the system tells
    /// nothing of them, or refuses, they are all those allowed.
    pub fn keep(wish: Wish, threads: usize) -> Cores {
        let allowed = affinity::get();
        let wanted = choose(wish, &allowed, capacities(Path::new(SYSTEM), &allowed), threads);
        let used = if wanted != allowed && affinity::set(&wanted) { wanted } else { allowed.clone() };
        Cores { allowed, used }
    }
}

fn choose(wish: Wish, allowed: &[usize], capacities: Option<Vec<u32>>, threads: usize) -> Vec<usize> {
    match (wish, capacities) {
        (Wish::Fast, Some(capacities)) => fastest(allowed, &capacities, threads),
        _ => allowed.to_vec(),
    }
}

/// How fast each core is by `cpu_capacity`, the fastest of the chip being 1024; `None` unless the system tells of all.
fn capacities(system: &Path, cores: &[usize]) -> Option<Vec<u32>> {
    let capacity = |core: &usize| {
        let file = system.join(format!("cpu{core}/cpu_capacity"));
        fs::read_to_string(file).ok()?.trim().parse().ok()
    };
    cores.iter().map(capacity).collect()
}

/// All big cores, and of the others, the fastest first, what `threads` still want.
fn fastest(cores: &[usize], capacities: &[u32], threads: usize) -> Vec<usize> {
    let largest = capacities.iter().copied().max().unwrap_or_default();
    let mut ranked: Vec<_> = capacities.iter().zip(cores).collect();
    ranked.sort_by_key(|&(&capacity, _)| std::cmp::Reverse(capacity));
    let is_big = |capacity: u32| f64::from(capacity) >= LITTLE * f64::from(largest);
    let big = ranked.iter().filter(|&&(&capacity, _)| is_big(capacity)).count();
    let mut chosen: Vec<_> = ranked.into_iter().take(big.max(threads)).map(|(_, &core)| core).collect();
    chosen.sort_unstable();
    chosen
}

/// As many as the standard library counts.
fn all() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

/// `[0, 1, 2, 5]` as `0-2,5`.
pub fn list(cores: &[usize]) -> String {
    let runs = cores.chunk_by(|a, b| a + 1 == *b);
    let texts = runs.map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(target_os = "linux")]
mod affinity {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// Cores that this thread may run on.
    pub fn get() -> Vec<usize> {
        match sched_getaffinity(None) {
            Ok(set) => (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect(),
            Err(_) => super::all(), // more cores than the set has room for
        }
    }

    /// Whether the system agrees.
    pub fn set(cores: &[usize]) -> bool {
        let mut set = CpuSet::new();
        cores.iter().filter(|&&core| core < CpuSet::MAX_CPU).for_each(|&core| set.set(core));
        sched_setaffinity(None, &set).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod affinity {
    pub fn get() -> Vec<usize> {
        super::all()
    }

    pub fn set(_: &[usize]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_cores_alone_where_they_suffice() {
        // Rockchip RK3588: four A55, four A76 in two clusters that differ a little.
        let capacities = [414, 414, 414, 414, 1024, 1024, 1010, 1010];
        let cores: Vec<_> = (0..8).collect();
        for threads in 1..=4 {
            assert_eq!(fastest(&cores, &capacities, threads), [4, 5, 6, 7]);
        }
        assert_eq!(fastest(&cores, &capacities, 6), [0, 1, 4, 5, 6, 7]);
        assert_eq!(fastest(&cores, &capacities, 100), cores);
    }

    #[test]
    fn the_middle_of_three_kinds_is_big() {
        let capacities = [250, 250, 250, 250, 760, 760, 760, 1024];
        assert_eq!(fastest(&[0, 1, 2, 3, 4, 5, 6, 7], &capacities, 1), [4, 5, 6, 7]);
    }

    #[test]
    fn all_are_used_where_asked_for_or_where_nothing_is_known() {
        let capacities = || Some(vec![400, 1024]);
        assert_eq!(choose(Wish::Fast, &[0, 1], capacities(), 1), [1]);
        assert_eq!(choose(Wish::All, &[0, 1], capacities(), 1), [0, 1]);
        assert_eq!(choose(Wish::Fast, &[0, 1], None, 1), [0, 1]);
    }

    #[test]
    fn equal_cores_are_all_used() {
        assert_eq!(fastest(&[2, 3], &[1024, 1024], 1), [2, 3]);
        assert_eq!(fastest(&[0, 1], &[0, 0], 1), [0, 1]);
        assert!(fastest(&[], &[], 1).is_empty());
    }

    #[test]
    fn capacities_are_known_of_all_cores_or_of_none() {
        let system = tempfile::tempdir().expect("a temporary folder");
        for (core, capacity) in [(0, "446\n"), (4, "1024\n"), (5, "fast\n")] {
            let folder = system.path().join(format!("cpu{core}"));
            fs::create_dir(&folder).expect("a folder");
            fs::write(folder.join("cpu_capacity"), capacity).expect("a file");
        }
        assert_eq!(capacities(system.path(), &[0, 4]), Some(vec![446, 1024]));
        assert_eq!(capacities(system.path(), &[0, 5]), None, "no number");
        assert_eq!(capacities(system.path(), &[0, 1]), None, "no file");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_is_kept_to_its_cores() {
        let allowed = affinity::get();
        assert!(!allowed.is_empty());
        let kept = std::thread::spawn(move || {
            assert!(affinity::set(&allowed[..1]));
            (affinity::get(), allowed[0])
        });
        let (kept, first) = kept.join().expect("the thread");
        assert_eq!(kept, [first]);
        assert!(!affinity::set(&[]), "no core at all");
    }

    #[test]
    fn lists_are_short() {
        assert_eq!(list(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn wishes_are_read() {
        let wish = |value: &str| Wish::of(Some(OsStr::new(value)));
        assert_eq!(
            (Wish::of(None), wish("fast"), wish("all")),
            (Some(Wish::Fast), Some(Wish::Fast), Some(Wish::All))
        );
        assert_eq!((wish("4-7"), wish("")), (None, None));
    }
}
