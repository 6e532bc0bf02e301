//! `wavlm-export`: the command line.
//!
//! Exit status: 0 done, 2 an error, told in one line on stderr. Results go to stdout, everything else to stderr.

#![forbid(unsafe_code)]

mod commands;
mod progress;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// WavLM checkpoints to compact model files for small boards.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Convert(commands::convert::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Convert(arguments) => commands::convert::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
