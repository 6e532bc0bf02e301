//! The subcommands, and what they have in common: verdicts and lines of output.

mod bench;
mod devices;
mod diarize;
mod doctor;
mod enroll;
mod identify;
mod infer;
mod listen;
mod serve;
mod speech;
mod spot;
mod transcribe;
mod verify;
mod voices;
mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::{Arguments, Command};
use crate::failure::Failure;
use crate::setup::Setup;

/// What a command that ran without an error found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done, accepted, or found.
    Yes,
    /// Not accepted, or nothing found.
    No,
}

impl From<bool> for Verdict {
    fn from(is_yes: bool) -> Self {
        if is_yes { Verdict::Yes } else { Verdict::No }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Yes => ExitCode::SUCCESS,
            Verdict::No => ExitCode::FAILURE,
        }
    }
}

/// Does what the command line says.
///
/// # Errors
/// See [`Failure`].
pub fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let common = &arguments.common;
    let printer = Printer { json: common.json };
    if let Command::Bench(options) = &arguments.command {
        return bench::run(common, options, &printer); // measures the opening of the model, too
    }
    if let Command::Devices(options) = &arguments.command {
        return devices::run(options, &printer); // needs no model
    }
    let setup = Setup::new(common)?;
    match &arguments.command {
        Command::Spot(options) => spot::run(&setup, options, &printer),
        Command::Listen(options) => listen::run(&setup, options, &printer),
        Command::Serve(options) => serve::run(&setup, options),
        Command::Words(options) => words::run(&setup, options, &printer),
        Command::Devices(options) => devices::run(options, &printer),
        Command::Enroll(options) => enroll::run(&setup, options, &printer),
        Command::Verify(options) => verify::run(&setup, options, &printer),
        Command::Identify(options) => identify::run(&setup, options, &printer),
        Command::Transcribe(options) => transcribe::run(&setup, options, &printer),
        Command::Diarize(options) => diarize::run(&setup, options, &printer),
        Command::Infer(options) => infer::run(&setup, options),
        Command::Bench(options) => bench::run(common, options, &printer),
        Command::Doctor(options) => doctor::run(&setup, options, &printer),
    }
}

/// Prints results, for people or for programs.
#[derive(Debug)]
pub struct Printer {
    json: bool,
}

impl Printer {
    /// One result: `record` as a line of JSON, or else the text.
    ///
    /// # Errors
    /// Stdout is closed.
    pub fn print(&self, record: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let line = if self.json { serde_json::to_string(record).map_err(io::Error::from)? } else { text() };
        Ok(writeln!(io::stdout(), "{line}")?)
    }

    /// For people alone.
    ///
    /// # Errors
    /// Stdout is closed.
    pub fn tell(&self, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json { Ok(()) } else { Ok(writeln!(io::stdout(), "{}", text())?) }
    }
}

/// Something that is not an error, on stderr.
fn warn(place: impl std::fmt::Display, what: impl std::fmt::Display) {
    eprintln!("wavlm: {place}: warning: {what}");
}
