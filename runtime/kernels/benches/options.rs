//! The command line.

use wavlm_kernels::Kernels;

pub struct Options {
    pub peaks_only: bool,
    pub json: bool,
    /// All that this CPU can run, or the one asked for.
    pub tables: Vec<&'static Kernels>,
    /// Part of the names to be timed.
    pub filter: String,
}

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Self { peaks_only: false, json: false, tables: Kernels::available(), filter: String::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--peak" => options.peaks_only = true,
                "--json" => options.json = true,
                "--kernel" => {
                    let name = arguments.next().ok_or("--kernel needs a name")?;
                    options.tables = vec![Kernels::by_name(&name).map_err(|e| e.to_string())?];
                }
                // `cargo bench` says that it is cargo bench.
                "--bench" => {}
                unknown if unknown.starts_with('-') => {
                    return Err(format!("unknown option {unknown}; there are --peak, --json, --kernel NAME"));
                }
                _ => options.filter = argument,
            }
        }
        Ok(options)
    }
}
