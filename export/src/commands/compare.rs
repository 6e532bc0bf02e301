//! `wavlm-export compare`

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use wavlm_export::checkpoint::{Task, Wanted};
use wavlm_export::convert::{self, Source};
use wavlm_export::oracle::Oracle;
use wavlm_export::progress::Bars;
use wavlm_export::{audio, verify};
use wavlm_runtime::Model;

use super::convert::parse_source;

/// Measure how close a .wlm file computes to its checkpoints.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Checkpoints as given to convert
    #[arg(required = true, value_name = "[NAME=]SRC", value_parser = parse_source)]
    sources: Vec<Source>,
    /// The file
    #[arg(value_name = "M.wlm")]
    file: PathBuf,
    /// Folder of WAV files to compare on
    #[arg(long, value_name = "DIR")]
    audio: PathBuf,
    /// Head of the checkpoint, where config.json does not say or says something else
    #[arg(long, value_enum)]
    task: Option<Task>,
    /// Language of a CTC head for several, whose vocabulary and adapter.LANG.safetensors lie in the folder
    #[arg(long, value_name = "LANG")]
    target_lang: Option<String>,
    /// Print one line of JSON for each tensor
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { sources, file, audio, task, target_lang, json } = arguments;
    let wanted = Wanted { task: *task, language: target_lang.clone() };
    let recordings = audio::read_folder(audio)?;
    let model = Model::open(file)?;
    let progress = Bars::default();
    let checkpoint = convert::read(sources, &wanted, &progress)?;
    let reference = Oracle::new(&checkpoint);
    let report = verify::compare(&checkpoint, &reference, &model, &recordings, &progress)
        .with_context(|| file.display().to_string())?;
    progress.finish();
    let mut out = io::stdout().lock();
    if !json {
        return Ok(super::write_agreements(&mut out, &report.tensors)?);
    }
    for line in &report.tensors {
        serde_json::to_writer(&mut out, line)?;
        writeln!(out)?;
    }
    Ok(())
}
