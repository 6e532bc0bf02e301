//! Whoever wants to see each window that the model scores: what is kept for calibration, and what is shown live.

use std::cell::RefCell;

use wavlm_runtime::Error;
use wavlm_runtime::tasks::words::{Score, Scored, Window, probabilities};

use super::event::Event;
use super::meter::Meter;
use super::recorder::Recorder;
use crate::failure::Failure;

/// A window that was scored.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its first sample, counted from the beginning of the sound.
    pub start: u64,
    /// 16 kHz samples.
    pub samples: &'a [f32],
    /// One probability per label.
    pub probabilities: &'a [f32],
}

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

    /// A word was told.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn event(&mut self, event: &Event) -> Result<(), Failure> {
        if let Some(meter) = &mut self.meter {
            meter.event(event);
        }
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.event(event))
    }

    /// Time has passed, with or without windows.
    ///
    /// # Errors
    /// What was nearly heard cannot be kept.
    pub fn tick(&mut self) -> Result<(), Failure> {
        if let Some(meter) = &mut self.meter {
            meter.show();
        }
        self.recorder.as_mut().map_or(Ok(()), Recorder::tick)
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
            self.watchers.borrow_mut().see(&Seen { start, samples, probabilities: &probabilities });
        }
        Ok(scored)
    }
}
