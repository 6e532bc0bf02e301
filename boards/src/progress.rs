//! How far long work has come, on a terminal.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use wavlm_runtime::frontend::SAMPLE_RATE;

/// A bar on stderr over the length of a sound; nothing if stderr is no terminal or the length is unknown.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over this many seconds.
    pub fn new(seconds: Option<f64>) -> Self {
        let Some(seconds) = seconds else { return Progress(ProgressBar::hidden()) };
        let bar = ProgressBar::new(seconds.ceil() as u64 * u64::from(SAMPLE_RATE))
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("[{bar:40}] {percent} %, {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress(bar)
    }

    /// Some more samples at 16 kHz are done.
    pub fn advance(&self, samples: usize) {
        self.0.inc(samples as u64);
    }

    /// Takes the bar away while something is printed.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
