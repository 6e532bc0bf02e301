//! Big and little cores: the work is kept on the fastest ones that the system lets this program use. One thread on a little
//! core would be late; of several, which have equal shares, it would make the others wait.
//!
//! Linux tells how fast cores are on ARM and RISC-V; elsewhere all of them are used.

use std::ffi::OsStr;

use wavlm_kernels::{CoreKind, Sizes};

/// `fast` (the default) or `all`.
pub const VARIABLE: &str = "WAVLM_CORES";

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
        let wanted = choose(wish, &allowed, Sizes::of(&allowed), threads);
        let used = if wanted != allowed && affinity::set(&wanted) { wanted } else { allowed.clone() };
        Cores { allowed, used }
    }

    /// The kind of those that it keeps to, which the choice of kernels asks for.
    pub fn kind(&self) -> CoreKind {
        CoreKind::of(&self.used)
    }
}

/// All big cores, and of the others, the fastest first, what `threads` still want; all where that is the wish, or where
/// nothing is known.
fn choose(wish: Wish, allowed: &[usize], sizes: Option<Sizes>, threads: usize) -> Vec<usize> {
    let (Wish::Fast, Some(Sizes { big, little })) = (wish, sizes) else { return allowed.to_vec() };
    let missing = threads.saturating_sub(big.len());
    let mut chosen: Vec<_> = big.into_iter().chain(little.into_iter().take(missing)).collect();
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

    fn sizes() -> Option<Sizes> {
        Some(Sizes { big: vec![4, 5, 6, 7], little: vec![3, 0, 1, 2] })
    }

    #[test]
    fn big_cores_alone_where_they_suffice() {
        let cores: Vec<_> = (0..8).collect();
        for threads in 1..=4 {
            assert_eq!(choose(Wish::Fast, &cores, sizes(), threads), [4, 5, 6, 7]);
        }
        assert_eq!(choose(Wish::Fast, &cores, sizes(), 6), [0, 3, 4, 5, 6, 7]);
        assert_eq!(choose(Wish::Fast, &cores, sizes(), 100), cores);
    }

    #[test]
    fn all_are_used_where_asked_for_or_where_nothing_is_known() {
        let cores: Vec<_> = (0..8).collect();
        assert_eq!(choose(Wish::All, &cores, sizes(), 1), cores);
        assert_eq!(choose(Wish::Fast, &cores, None, 1), cores);
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
