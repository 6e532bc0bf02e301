//! A program that is run for a word.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Trouble;
use crate::listen::config;
use crate::listen::event::Event;

/// A command, and what runs of it.
#[derive(Debug)]
pub struct Program {
    command: Vec<String>,
    timeout: Duration,
    at_most: usize,
    running: Vec<Running>,
}

/// In a process group of its own, so that it ends with all that it started.
#[derive(Debug)]
struct Running {
    child: Child,
    until: Instant,
}

impl Program {
    /// The program of an action, if it has one.
    pub fn of(action: &config::Action) -> Option<Self> {
        (!action.command.is_empty()).then(|| Program {
            command: action.command.clone(),
            timeout: Duration::from_secs_f32(action.timeout_s),
            at_most: usize::from(action.at_most),
            running: Vec::new(),
        })
    }

    /// Whether some of it runs.
    pub fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    fn path(&self) -> PathBuf {
        self.command.first().map(PathBuf::from).unwrap_or_default()
    }

    /// Begins it, unless as many run as may.
    pub fn begin(&mut self, event: &Event) -> Result<(), Trouble> {
        let program = self.path();
        if self.running.len() >= self.at_most {
            let keyword = event.keyword.clone();
            return Err(Trouble::Busy { program, running: self.running.len(), keyword });
        }
        let mut command = Command::new(&program);
        command
            .args(self.command.get(1..).unwrap_or_default())
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("WAVLM_KEYWORD", &event.keyword)
            .env("WAVLM_SCORE", format!("{:.3}", event.score))
            .env("WAVLM_TIME", event.time().to_string())
            .envs(event.speaker.as_ref().map(|name| ("WAVLM_SPEAKER", name)))
            .current_dir("/")
            .stdin(Stdio::null())
            // Stdout is for events alone.
            .stdout(Stdio::null())
            .process_group(0);
        let child = command.spawn().map_err(|error| Trouble::Start { program, error })?;
        self.running.push(Running { child, until: Instant::now() + self.timeout });
        Ok(())
    }

    /// Looks after what runs: ends what is overdue, tells what failed.
    pub fn tend(&mut self) -> Vec<Trouble> {
        let (program, timeout) = (self.path(), self.timeout);
        let mut troubles = Vec::new();
        self.running.retain_mut(|running| match running.child.try_wait() {
            Ok(None) if Instant::now() < running.until => true,
            Ok(None) => {
                running.end();
                troubles.push(Trouble::TooLong { program: program.clone(), timeout });
                false
            }
            Ok(Some(status)) => {
                if !status.success() {
                    troubles.push(Trouble::Failed { program: program.clone(), status });
                }
                false
            }
            Err(error) => {
                troubles.push(Trouble::Start { program: program.clone(), error });
                false
            }
        });
        troubles
    }
}

impl Running {
    /// Ends the program and all that it started, at once.
    fn end(&mut self) {
        // Both fail only if it has ended by itself just now.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.end();
        }
    }
}
