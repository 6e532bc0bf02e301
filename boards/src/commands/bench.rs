//! `wavlm bench`: how long one run takes, and how much memory the whole program has needed.

use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Printer, Verdict, speech};
use crate::cli::{Bench, Common};
use crate::failure::Failure;
use crate::setup::Setup;

/// Runs before the clock counts: caches, page faults, clock speed.
const WARM_UPS: usize = 3;
/// Fewest runs that are measured,
const FEWEST_RUNS: usize = 10;
/// for at least this long,
const SHORTEST: Duration = Duration::from_secs(2);
/// but no longer than this once there are three: a small board with a large model.
const LONGEST: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Record {
    median_ms: f64,
    min_ms: f64,
    peak_rss_bytes: Option<u64>,
    load_ms: f64,
    kernel: &'static str,
    file_bytes: usize,
}

pub fn run(common: &Common, options: &Bench, printer: &Printer) -> Result<Verdict, Failure> {
    if !(0.1..=600.0).contains(&options.seconds) {
        return Err(Failure::Seconds(options.seconds));
    }
    let start = Instant::now();
    let setup = Setup::new(common)?;
    let mut session = setup.model.session(&setup.options).map_err(Failure::model(&setup.model_name))?;
    let load_ms = milliseconds(start.elapsed());
    let samples = speech::like(options.seconds);
    let mut once = || {
        let start = Instant::now();
        session.run(&samples).map_err(Failure::model(&setup.model_name))?;
        Ok::<f64, Failure>(milliseconds(start.elapsed()))
    };
    for _ in 0..WARM_UPS {
        once()?;
    }
    let mut runs = Vec::new();
    let start = Instant::now();
    while (runs.len() < FEWEST_RUNS || start.elapsed() < SHORTEST)
        && (runs.len() < 3 || start.elapsed() < LONGEST)
    {
        runs.push(once()?);
    }
    runs.sort_by(f64::total_cmp);
    let record = Record {
        median_ms: median(&runs),
        min_ms: runs.first().copied().unwrap_or_default(),
        peak_rss_bytes: peak_rss(),
        load_ms,
        kernel: setup.options.kernels.name(),
        file_bytes: setup.model.file().len(),
    };
    printer.print(&record, || {
        let Record { median_ms, min_ms, load_ms, kernel, file_bytes, .. } = &record;
        let (seconds, threads) = (options.seconds, common.threads);
        let memory = record.peak_rss_bytes.map_or("unknown".to_owned(), |bytes| format!("{:.1} MB", megabytes(bytes)));
        format!(
            "{seconds} s of sound on {threads} thread(s), kernels {kernel}: median {median_ms:.2} ms, best {min_ms:.2} \
             ms\nloading {load_ms:.2} ms, peak memory {memory}, model {:.1} MB",
            megabytes(*file_bytes as u64)
        )
    })?;
    Ok(Verdict::Yes)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The middle of sorted values; 0 if there are none.
fn median(sorted: &[f64]) -> f64 {
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    match sorted.len() {
        0 => 0.0,
        count => (at((count - 1) / 2) + at(count / 2)) / 2.0,
    }
}

/// Most memory that this process has had resident, as Linux counts it.
fn peak_rss() -> Option<u64> {
    parse_peak_rss(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse_peak_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
    }

    #[test]
    fn linux_reports_peak_memory_in_kibibytes() {
        assert_eq!(parse_peak_rss("Name:\twavlm\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n"), Some(1234 * 1024));
        assert_eq!(parse_peak_rss("Name:\twavlm\n"), None);
    }
}
