//! `wavlm`: sound in, decisions out, offline.
//!
//! ```text
//! cli         the command line, as clap reads it
//! commands/   one file per subcommand
//! setup       model, kernels and threads from options and environment
//! address     addresses of services
//! board       the boards that this project knows
//! machine     what Linux tells of this one
//! cores       the big ones of a board with big and little ones
//! input       a file or `-` as sound
//! listen/     listening all day: configuration, sources, events, actions
//! microphone/ live sound through ALSA, in builds with the feature `microphone`
//! serve/      the Wyoming service: clients, and what each of them hears
//! progress    a bar for long work, on a terminal
//! store       voiceprints in a folder
//! supervisor  signs of life for systemd
//! failure     every error, in one line that names its place
//! ```
//!
//! Exit status: 0 done or accepted, 1 not accepted or nothing found, 2 an error. Results go to stdout, all else to stderr.

#![forbid(unsafe_code)]

mod address;
mod builtin;
mod cli;
mod commands;
mod cores;
mod failure;
mod input;
mod listen;
mod machine;
#[cfg(feature = "microphone")]
mod microphone;
mod progress;
mod serve;
mod setup;
mod store;
mod supervisor;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(&cli::Arguments::parse()) {
        Ok(verdict) => verdict.into(),
        // Whoever read the results has seen enough, as in `wavlm spot long.wav | head -n 1`.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("wavlm: {failure}");
            ExitCode::from(2)
        }
    }
}
