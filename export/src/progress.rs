//! What is being done, told to whoever watches: bars on a terminal, silence elsewhere, but for notes.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// What is being done, for whoever watches.
pub trait Progress: Sync {
    /// A stage of `steps` steps begins.
    fn begin(&self, stage: &str, steps: usize);
    /// One step is done.
    fn advance(&self);
    /// Something worth knowing that is no error.
    fn note(&self, text: &str);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: usize) {}
    fn advance(&self) {}
    fn note(&self, _: &str) {}
}

/// A bar per stage, drawn on stderr if that is a terminal.
#[derive(Debug, Default)]
pub struct Bars {
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    fn current(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the last bar away.
    pub fn finish(&self) {
        if let Some(bar) = self.current().take() {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn begin(&self, stage: &str, steps: usize) {
        self.finish();
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::new(steps as u64)
            .with_message(stage.to_owned())
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{msg:>10} [{bar:40}] {pos}/{len} {eta}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.tick();
        *self.current() = Some(bar);
    }

    fn advance(&self) {
        if let Some(bar) = &*self.current() {
            bar.inc(1);
        }
    }

    fn note(&self, text: &str) {
        match &*self.current() {
            Some(bar) => bar.suspend(|| eprintln!("note: {text}")),
            None => eprintln!("note: {text}"),
        }
    }
}
