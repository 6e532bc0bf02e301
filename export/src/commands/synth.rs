//! `wavlm-export synth`

use std::path::PathBuf;

use clap::Args;
use wavlm_export::checkpoint::Task;
use wavlm_export::synth::{self, Architecture};

/// Write a random checkpoint of a published architecture.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Model to imitate
    #[arg(long, value_enum)]
    config: Architecture,
    /// Head on top
    #[arg(long, value_enum)]
    head: Task,
    /// Seed of the random weights; the same seed gives the same encoder under every head
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder to make
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { config, head, seed, output } = arguments;
    Ok(synth::write(*config, *head, *seed, output)?)
}
