//! `wavlm-lock`: holds the lines of a lock, and moves them as the program that listens asks.
//!
//! The program that hears has a microphone and perhaps a network, and parses what comes from there; it can only ask. This
//! one has the lines and nothing else: no sound, no network, one socket, one user who may speak there, and limits that no
//! request can change.
//!
//! ```text
//! config    the TOML file
//! clock     the time since the program began
//! door      the socket, and who is behind it
//! service   the loop: bytes to the keeper, its answers back, the watchdog
//! failure   every error, in one line that names its place
//! ```
//!
//! It ends with exit status 2 on an error, and with 0 when it is told to; the lock is shut in both cases.

#![forbid(unsafe_code)]

mod clock;
mod config;
mod door;
mod failure;
mod service;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use wavlm_settings::Settings;

use config::Config;
use failure::Failure;
use service::Service;

/// Holds the lines of a lock, and moves them as `wavlm listen` asks.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What it holds, and who may ask
    #[arg(long, value_name = "F.toml", default_value = "/etc/wavlm/lock.toml")]
    config: PathBuf,
    /// Say what is wrong with the configuration, its lines and its user, and stop
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("wavlm-lock: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::read(&arguments.config)?;
    let mut service = Service::new(&config)?;
    if arguments.check { Ok(()) } else { service.run() }
}
