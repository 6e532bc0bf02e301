//! How fast the kernels of this CPU are, and how near to what it can do: every product on WavLM's shapes as a share
//! of the measured peak, every element-wise function in elements per nanosecond.
//!
//! `cargo bench -p wavlm-kernels --bench kernels -- [--peak] [--json] [--kernel NAME] [FILTER]`
//!
//! - `--peak`: the peaks alone.
//! - `--json`: a JSON object per line; of peaks, one per table.
//! - `--kernel NAME`: that table alone.
//! - `FILTER`: only what has this in its name. Peaks are always measured.

mod functions;
mod memory;
mod options;
mod peak;
mod products;
mod report;
mod timing;

use options::Options;
use std::process::ExitCode;
use timing::{Case, Group};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let mut cases: Vec<Case> = options.tables.iter().flat_map(|kernels| peak::cases(kernels)).collect();
    if !options.peaks_only {
        // Shape by shape, not table by table: what is compared is timed side by side.
        cases.extend(products::cases(&options.tables));
        cases.extend(functions::cases(&options.tables));
    }
    cases.retain(|case| matches!(case.group, Group::Peak(_)) || case.name.contains(&options.filter));
    let measured = timing::measure(cases);
    if options.json {
        report::json(&options.tables, &measured);
    } else {
        report::text(&options.tables, &measured);
    }
    ExitCode::SUCCESS
}
