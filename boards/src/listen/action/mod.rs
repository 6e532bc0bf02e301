//! What is done about a word.
//!
//! ```text
//! program   a program is run
//! lamp      a line is switched on for a while
//! teller    a Wyoming service is told
//! ```
//!
//! and a lock is asked to open, see [`super::lock`].

mod lamp;
mod program;
mod teller;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::config;
use super::event::Event;
use super::lock::{Lock, LockTrouble};
use crate::failure::Failure;
use lamp::Lamp;
use program::Program;
use teller::Teller;

/// All actions, and the lock that they open.
#[derive(Debug)]
pub struct Actions {
    actions: Vec<Action>,
    lock: Option<Lock>,
}

#[derive(Debug)]
struct Action {
    words: Vec<String>,
    only: Vec<String>,
    open: Option<Duration>,
    program: Option<Program>,
    lamp: Option<Lamp>,
    teller: Option<Teller>,
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
    /// A line cannot be set.
    #[error("the line of an action: {0}")]
    Lamp(#[from] wavlm_pins::Broken),
    /// A service cannot be told.
    #[error("{uri}: {error}; not told")]
    Teller {
        /// The service.
        uri: String,
        /// The system's words.
        error: io::Error,
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
    /// What the configuration asks for. The lines of lamps are taken, and switched off.
    ///
    /// # Errors
    /// A line cannot be held, or a service has no address.
    pub fn new(config: &[config::Action], lock: Option<config::Lock>) -> Result<Self, Failure> {
        let actions = config.iter().map(Action::new).collect::<Result<_, _>>()?;
        Ok(Actions { actions, lock: lock.map(Lock::new) })
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
        let concerned = actions.iter_mut().filter(|action| action.is_for(event));
        troubles.extend(concerned.flat_map(|action| action.begin(event)));
        troubles
    }

    /// Looks after what was begun, and gives the lock signs of life; to be called many times a second.
    pub fn tend(&mut self) -> Vec<Trouble> {
        let lock = self.lock.as_mut().and_then(Lock::tend).map(Trouble::from);
        lock.into_iter().chain(self.end_overdue()).collect()
    }

    /// Looks after what was begun alone, while nothing is heard.
    pub fn end_overdue(&mut self) -> Vec<Trouble> {
        self.actions.iter_mut().flat_map(Action::tend).collect()
    }

    /// Waits for what was begun, until its time is over.
    pub fn finish(&mut self) -> Vec<Trouble> {
        let mut troubles = self.tend();
        while self.actions.iter().any(Action::is_busy) {
            std::thread::sleep(Duration::from_millis(10));
            troubles.append(&mut self.tend());
        }
        troubles
    }
}

impl Action {
    fn new(action: &config::Action) -> Result<Self, Failure> {
        Ok(Action {
            words: action.words.clone(),
            only: action.only.clone(),
            open: action.open_s.map(Duration::from_secs_f32),
            program: Program::of(action),
            lamp: Lamp::of(action)?,
            teller: Teller::of(action)?,
        })
    }

    /// Where only some voices count, a voice that is not known, or that nobody could tell, does not.
    fn is_for(&self, event: &Event) -> bool {
        let word = self.words.is_empty() || self.words.contains(&event.keyword);
        let voice =
            self.only.is_empty() || event.speaker.as_ref().is_some_and(|name| self.only.contains(name));
        word && voice
    }

    fn begin(&mut self, event: &Event) -> Vec<Trouble> {
        let lamp = self.lamp.as_mut().and_then(|lamp| lamp.begin().err());
        let teller = self.teller.as_mut().and_then(|teller| teller.begin(event).err());
        let program = self.program.as_mut().and_then(|program| program.begin(event).err());
        [lamp, teller, program].into_iter().flatten().collect()
    }

    fn tend(&mut self) -> Vec<Trouble> {
        let lamp = self.lamp.as_mut().and_then(|lamp| lamp.tend().err());
        let teller = self.teller.iter_mut().flat_map(Teller::tend);
        let program = self.program.iter_mut().flat_map(Program::tend);
        lamp.into_iter().chain(teller).chain(program).collect()
    }

    fn is_busy(&self) -> bool {
        self.program.as_ref().is_some_and(Program::is_running)
            || self.lamp.as_ref().is_some_and(Lamp::is_on)
            || self.teller.as_ref().is_some_and(Teller::is_telling)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

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
        let action = config::Action { words, command, timeout_s, at_most, ..config::Action::default() };
        Actions::new(&[action], None).expect("actions")
    }

    #[test]
    fn a_word_for_one_voice_is_for_no_other_and_not_for_nobody() {
        let action = |voices: &[&str]| {
            let only = voices.iter().map(|&name| name.to_owned()).collect();
            let words = vec!["go".to_owned()];
            Action::new(&config::Action { words, only, ..config::Action::default() }).expect("an action")
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
    fn a_line_is_on_for_a_while_and_off_in_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("lamp");
        fs::write(&file, "1").expect("a file");
        let is_on = || fs::read_to_string(&file).expect("the line") == "1";
        let action = |line_s| config::Action {
            line: Some(wavlm_pins::Line::File(file.clone())),
            line_s,
            ..config::Action::default()
        };
        let mut short = Actions::new(&[action(0.05)], None).expect("actions");
        assert!(!is_on(), "off from the beginning");
        assert!(short.begin(&event("go")).is_empty());
        assert!(is_on());
        assert!(short.finish().is_empty());
        assert!(!is_on());
        let mut long = Actions::new(&[action(60.0)], None).expect("actions");
        assert!(long.begin(&event("go")).is_empty());
        drop(long);
        assert!(!is_on(), "nothing stays on behind the program");
        fs::remove_file(&file).expect("removed");
        assert!(Actions::new(&[action(1.0)], None).is_err(), "it must be there");
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
