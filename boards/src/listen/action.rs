//! What is done about a word: a program is run, a lock is asked to open.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

use rustix::process::{Pid, Signal, kill_process_group};

use super::config;
use super::event::Event;
use super::lock::{Lock, LockTrouble};

/// All actions, the programs that they run, and the lock that they open.
#[derive(Debug)]
pub struct Actions {
    actions: Vec<Action>,
    lock: Option<Lock>,
}

#[derive(Debug)]
struct Action {
    words: Vec<String>,
    only: Vec<String>,
    command: Vec<String>,
    open: Option<Duration>,
    timeout: Duration,
    at_most: usize,
    running: Vec<Running>,
}

/// A program in a process group of its own, so that it ends with all that it started.
#[derive(Debug)]
struct Running {
    child: Child,
    until: Instant,
}

/// Something that kept an action from being done, or that should be known of it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// As many run as may.
    #[error("{}: {running} of it run already; not run for {keyword}", program.display())]
    Busy {
        /// What was to be run.
        program: PathBuf,
        /// How many run.
        running: usize,
        /// The word.
        keyword: String,
    },
    /// It cannot be run.
    #[error("{}: {error}", program.display())]
    Start {
        /// What was to be run.
        program: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// It was ended.
    #[error("{}: still running after {:.1} s; ended", program.display(), timeout.as_secs_f32())]
    TooLong {
        /// What was run.
        program: PathBuf,
        /// How long it was allowed to.
        timeout: Duration,
    },
    /// Of the lock.
    #[error(transparent)]
    Lock(#[from] LockTrouble),
    /// It failed.
    #[error("{}: ended with {status}", program.display())]
    Failed {
        /// What was run.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
    },
}

impl Actions {
    /// What the configuration asks for.
    pub fn new(config: &[config::Action], lock: Option<config::Lock>) -> Self {
        let action = |action: &config::Action| Action {
            words: action.words.clone(),
            only: action.only.clone(),
            command: action.command.clone(),
            open: action.open_s.map(Duration::from_secs_f32),
            timeout: Duration::from_secs_f32(action.timeout_s),
            at_most: usize::from(action.at_most),
            running: Vec::new(),
        };
        Actions { actions: config.iter().map(action).collect(), lock: lock.map(Lock::new) }
    }

    /// Begins what belongs to a word; never waits.
    pub fn begin(&mut self, event: &Event) -> Vec<Trouble> {
        let Actions { actions, lock } = self;
        let mut troubles = Vec::new();
        // The lock first: a door should not wait for programs to begin.
        if let Some(lock) = lock {
            let longest =
                actions.iter().filter(|action| action.is_for(event)).filter_map(|action| action.open).max();
            troubles.extend(longest.and_then(|pulse| lock.open(pulse)).map(Trouble::from));
            troubles.extend(lock.tell(event).map(Trouble::from));
        }
        let concerned =
            actions.iter_mut().filter(|action| action.is_for(event) && !action.command.is_empty());
        troubles.extend(concerned.filter_map(|action| action.begin(event).err()));
        troubles
    }

    /// Looks after the programs that run, and gives the lock signs of life; to be called many times a second.
    pub fn tend(&mut self) -> Vec<Trouble> {
        let lock = self.lock.as_mut().and_then(Lock::tend).map(Trouble::from);
        lock.into_iter().chain(self.end_overdue()).collect()
    }

    /// Looks after the programs alone, while nothing is heard.
    pub fn end_overdue(&mut self) -> Vec<Trouble> {
        self.actions.iter_mut().flat_map(Action::tend).collect()
    }

    /// Waits for the programs that run, until their time is over.
    pub fn finish(&mut self) -> Vec<Trouble> {
        let mut troubles = self.tend();
        while self.actions.iter().any(|action| !action.running.is_empty()) {
            std::thread::sleep(Duration::from_millis(10));
            troubles.append(&mut self.tend());
        }
        troubles
    }
}

impl Action {
    /// Where only some voices count, a voice that is not known, or that nobody could tell, does not.
    fn is_for(&self, event: &Event) -> bool {
        let word = self.words.is_empty() || self.words.contains(&event.keyword);
        let voice =
            self.only.is_empty() || event.speaker.as_ref().is_some_and(|name| self.only.contains(name));
        word && voice
    }

    fn program(&self) -> PathBuf {
        self.command.first().map(PathBuf::from).unwrap_or_default()
    }

    fn begin(&mut self, event: &Event) -> Result<(), Trouble> {
        let program = self.program();
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

    fn tend(&mut self) -> Vec<Trouble> {
        let (program, timeout) = (self.program(), self.timeout);
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

#[cfg(test)]
mod tests {
    use std::fs;

    use wavlm_runtime::tasks::words::Detection;

    use super::*;
    use crate::listen::voices::Likeness;

    fn event(keyword: &str) -> Event {
        let detection = Detection { keyword: keyword.to_owned(), score: 0.75, start_s: 1.0, end_s: 1.5 };
        Event::now(detection, Likeness::default(), Instant::now())
    }

    fn actions(words: &[&str], command: &[&str], timeout_s: f32, at_most: u16) -> Actions {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        let (words, command) = (owned(words), owned(command));
        let action = config::Action { words, only: Vec::new(), command, open_s: None, timeout_s, at_most };
        Actions::new(&[action], None)
    }

    #[test]
    fn a_word_for_one_voice_is_for_no_other_and_not_for_nobody() {
        let action = |voices: &[&str]| Action {
            words: vec!["go".to_owned()],
            only: voices.iter().map(|&name| name.to_owned()).collect(),
            command: Vec::new(),
            open: None,
            timeout: Duration::ZERO,
            at_most: 1,
            running: Vec::new(),
        };
        let said = |keyword: &str, speaker: Option<&str>| Event {
            speaker: speaker.map(str::to_owned),
            ..event(keyword)
        };
        assert!(action(&[]).is_for(&said("go", None)));
        assert!(action(&["anna", "bert"]).is_for(&said("go", Some("bert"))));
        for (keyword, speaker) in [("go", None), ("go", Some("eve")), ("stop", Some("anna"))] {
            assert!(!action(&["anna", "bert"]).is_for(&said(keyword, speaker)), "{keyword} {speaker:?}");
        }
    }

    #[test]
    fn a_program_learns_the_word_and_no_shell_reads_its_arguments() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("told; rm -rf $HOME");
        let script = "printf '%s %s %s' \"$WAVLM_KEYWORD\" \"$WAVLM_SCORE\" \"$(env | wc -l)\" > \"$1\"";
        let file_name = file.to_str().expect("UTF-8");
        let mut actions = actions(&["go"], &["/bin/sh", "-c", script, "sh", file_name], 10.0, 1);
        assert!(actions.begin(&event("stop")).is_empty());
        assert!(actions.finish().is_empty());
        assert!(!file.exists(), "not its word");
        assert!(actions.begin(&event("go")).is_empty());
        assert!(actions.finish().is_empty());
        let told = fs::read_to_string(&file).expect("the program ran");
        assert!(told.starts_with("go 0.750 "), "{told}");
        let variables: usize =
            told.rsplit(' ').next().and_then(|count| count.trim().parse().ok()).expect("a count");
        assert!(variables <= 8, "PATH, three of ours, and what a shell adds");
    }

    #[test]
    fn a_program_that_takes_too_long_ends_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("late");
        let script = format!("(sleep 1; touch '{}') & wait", file.display());
        let mut actions = actions(&[], &["/bin/sh", "-c", &script], 0.2, 1);
        assert!(actions.begin(&event("go")).is_empty());
        assert!(matches!(actions.finish()[..], [Trouble::TooLong { .. }]));
        std::thread::sleep(Duration::from_millis(1200));
        assert!(!file.exists());
    }

    #[test]
    fn no_more_run_at_once_than_may() {
        let mut actions = actions(&[], &["/bin/sleep", "5"], 0.3, 2);
        assert!(actions.begin(&event("go")).is_empty());
        assert!(actions.begin(&event("go")).is_empty());
        assert!(matches!(actions.begin(&event("go"))[..], [Trouble::Busy { running: 2, .. }]));
        assert_eq!(actions.finish().len(), 2);
        assert!(actions.begin(&event("go")).is_empty(), "there is room again");
    }

    #[test]
    fn a_program_that_fails_or_is_missing_is_told() {
        let mut failing = actions(&[], &["/bin/false"], 5.0, 1);
        assert!(failing.begin(&event("go")).is_empty());
        assert!(matches!(failing.finish()[..], [Trouble::Failed { .. }]));
        let mut missing = actions(&[], &["/nowhere/program"], 5.0, 1);
        assert!(matches!(missing.begin(&event("go"))[..], [Trouble::Start { .. }]));
    }
}
