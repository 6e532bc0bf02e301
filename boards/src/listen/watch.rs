//! Whoever wants to see each window that the model scores: what is kept for calibration, and what is shown live.

use std::cell::RefCell;

use wavlm_runtime::Error;
use wavlm_runtime::tasks::phrases::PhraseSpotter;
use wavlm_runtime::tasks::words::{Score, Scored, Window, probabilities};

use super::event::Event;
use super::meter::Meter;
use super::recorder::Recorder;
use super::seen::Seen;
use crate::failure::Failure;

/// All who watch.
#[derive(Debug, Default)]
pub struct Watchers {
    /// Keeps what was heard, and what nearly was.
    pub recorder: Option<Recorder>,
    /// Shows it.
    pub meter: Option<Meter>,
}

impl Watchers {
    /// A sound begins.
    pub fn begin(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.begin();
        }
    }

    /// Phrases have been searched for, if there are any.
    pub fn phrases(&mut self, phrases: Option<&mut PhraseSpotter>) {
        if let Some((meter, phrases)) = self.meter.as_mut().zip(phrases) {
            meter.see_phrases(phrases.take_scores());
        }
    }

    /// A word was told.
    pub fn event(&mut self, event: &Event) {
        if let Some(meter) = &mut self.meter {
            meter.event(event);
        }
        self.keep(|recorder| recorder.event(event));
    }

    /// Time has passed, with or without windows.
    pub fn tick(&mut self) {
        if let Some(meter) = &mut self.meter {
            meter.show();
        }
        self.keep(Recorder::tick);
    }

    /// A full disk ends the recording and not the listening.
    fn keep(&mut self, keep: impl FnOnce(&mut Recorder) -> Result<(), Failure>) {
        if let Some(Err(failure)) = self.recorder.as_mut().map(keep) {
            eprintln!("wavlm: {failure}; nothing more is recorded");
            self.recorder = None;
        }
    }

    fn see(&mut self, seen: &Seen<'_>) {
        if let Some(meter) = &mut self.meter {
            meter.see(seen);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.see(seen);
        }
    }
}

/// Scores windows, and lets the watchers see those of the running sound.
#[derive(Debug)]
pub struct Watched<'a, S> {
    scorer: S,
    watchers: &'a RefCell<Watchers>,
}

impl<'a, S: Score> Watched<'a, S> {
    /// Lets the watchers see what `scorer` scores.
    pub fn new(scorer: S, watchers: &'a RefCell<Watchers>) -> Self {
        Watched { scorer, watchers }
    }
}

impl<S: Score> Score for Watched<'_, S> {
    fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
        let (samples, start) = (window.samples, window.place.as_ref().map(|(start, _)| *start));
        let scored = self.scorer.score(window)?;
        if let Some(start) = start {
            let probabilities = probabilities(&scored.logits);
            let silence = start.min(0).unsigned_abs() as usize;
            let (start, samples) = (start.max(0) as u64, samples.get(silence..).unwrap_or_default());
            self.watchers.borrow_mut().see(&Seen { start, samples, probabilities: &probabilities });
        }
        Ok(scored)
    }
}
