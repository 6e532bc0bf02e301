//! `wavlm-export`: the command line.
//!
//! Exit status: 0 done, 2 an error, told in one line on stderr. Results go to stdout, everything else to stderr.

#![forbid(unsafe_code)]

mod commands;

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
    Inspect(commands::inspect::Arguments),
    Compare(commands::compare::Arguments),
    Background(commands::background::Arguments),
    Eval(commands::eval::Arguments),
    Report(commands::report::Arguments),
    Synth(commands::synth::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Convert(arguments) => commands::convert::run(&arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Background(arguments) => commands::background::run(&arguments),
        Command::Eval(arguments) => commands::eval::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments),
        Command::Synth(arguments) => commands::synth::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the results has seen enough, as in `wavlm-export inspect M.wlm | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
