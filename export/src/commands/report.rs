//! `wavlm-export report`

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use wavlm_export::report;
use wavlm_format::ModelFile;

/// Make one page of evidence on a .wlm file: errors, weights, and results of an evaluation.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file
    #[arg(value_name = "M.wlm")]
    file: PathBuf,
    /// Page to write, HTML that needs no other file
    #[arg(short, long, value_name = "REPORT.html")]
    output: PathBuf,
    /// Lines that `eval --json` printed
    #[arg(long, value_name = "RESULTS.jsonl")]
    results: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { file, output, results } = arguments;
    let results = match results {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let parse = |(index, line): (usize, &str)| {
                let expected = "expected what eval --json prints";
                serde_json::from_str(line)
                    .with_context(|| format!("{}: line {}: {expected}", path.display(), index + 1))
            };
            lines.map(parse).collect::<anyhow::Result<_>>()?
        }
    };
    let model = Arc::new(ModelFile::open(file).with_context(|| file.display().to_string())?);
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let page = report::page(&name, &model, &results).with_context(|| file.display().to_string())?;
    wavlm_format::write_atomically(output, wavlm_format::Readers::Umask, |file| {
        file.write_all(page.as_bytes())
    })
    .with_context(|| output.display().to_string())?;
    Ok(())
}
