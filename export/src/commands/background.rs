//! `wavlm-export background`

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use wavlm_export::background;
use wavlm_export::evaluate::Manifest;
use wavlm_export::progress::Bars;
use wavlm_format::{Readers, write_atomically};
use wavlm_runtime::Model;

/// Make the background that thresholds of phrases are chosen by: what a model hears where nobody says them.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The model
    #[arg(value_name = "M.wlm")]
    file: PathBuf,
    /// CSV with the columns file,kind,label,group: sound without phrases is of kind speech; recordings of phrases, of kind
    /// phrase, tell how well they are heard
    #[arg(long, value_name = "LIST.csv")]
    manifest: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "OUT.bank")]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let manifest = Manifest::read(&arguments.manifest)?;
    let model = Model::open(&arguments.file)?;
    let progress = Bars::default();
    let made = background::make(&model, &manifest, &progress)?;
    progress.finish();
    let bytes = made.to_bytes()?;
    write_atomically(&arguments.output, Readers::Umask, |out| out.write_all(&bytes))
        .with_context(|| arguments.output.display().to_string())?;
    eprintln!("{}: {:.2} hours, {} bytes", arguments.output.display(), made.hours(), bytes.len());
    Ok(())
}
