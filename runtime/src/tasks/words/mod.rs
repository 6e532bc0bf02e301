//! Which keyword was said, and when.
//!
//! A window slides over the sound; the model scores each one; `peaks` turns the scores into events, one per word;
//! `levels` says where in the window the sound is. Memory is a window of samples and a few scores per keyword,
//! however long the sound, and the result does not depend on how the sound is cut into pieces.

mod levels;
mod model;
mod peaks;

use wavlm_format::Decision;

use crate::frontend::SAMPLE_RATE;
use levels::Levels;
pub use model::{Logits, WordModel};
use peaks::{Event, PeakPicker};

/// Used for heads that carry no decision: cautious, and not measured on anything.
pub const UNTUNED: Decision =
    Decision { threshold: 0.7, window_s: 1.0, hop_s: 0.25, smoothing_windows: 2, refractory_s: 1.0 };

/// Longest window, in seconds; attention costs the square of it.
const MAX_WINDOW_S: f32 = 30.0;
/// Shortest hop, in seconds: half a frame of the model.
const MIN_HOP_S: f32 = 0.01;
/// Most windows averaged.
const MAX_SMOOTHING: u32 = 100;
/// Longest silence after a detection, in seconds.
const MAX_REFRACTORY_S: f32 = 3600.0;
/// Shortest stretch, in seconds, that windows have in common and that may pass for a word.
const MIN_WORD_S: f32 = 0.1;

/// A keyword that was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The label.
    pub keyword: String,
    /// Smoothed probability at its peak, in 0..=1.
    pub score: f32,
    /// Estimated start, in seconds from the start of the sound. See [`KeywordSpotter`].
    pub start_s: f64,
    /// Estimated end, in seconds from the start of the sound.
    pub end_s: f64,
}

/// A decision that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; it must lie between {lowest} and {highest}")]
pub struct DecisionError {
    /// Field of [`Decision`].
    pub field: &'static str,
    /// What it holds.
    pub value: f32,
    /// Smallest value that makes sense.
    pub lowest: f32,
    /// Largest value that makes sense.
    pub highest: f32,
}

/// Hears keywords in sound of any length, piece by piece.
///
/// `S` scores one window of 16 kHz samples: it returns a logit per label. Labels that start with `_` (`_silence_`,
/// `_unknown_`) take part in the softmax and are never reported.
///
/// - Windows begin every `hop_s`. Sound shorter than a window, and a rest at its end that no window has covered, is
///   filled up with zeros.
/// - The score of a keyword is its probability averaged over the last `smoothing_windows` windows (fewer at the
///   beginning). A score of at least `threshold` opens an event; its highest score is reported when the score falls
///   below the threshold, or has not risen for half a window.
/// - The next event of that keyword opens once `refractory_s` have passed since the peak, and the score has been below
///   the threshold in between or the window no longer shares sound with the peak's: a word is heard once.
/// - Start and end: every window that fired should hold the word, most of it at least, so it lies in what they have in
///   common (in the middle of them, if that is next to nothing), give or take a hop, without the quiet stretches at
///   both ends of that.
pub struct KeywordSpotter<S> {
    labels: Vec<String>,
    score: S,
    /// Length of a window and step between windows, in samples.
    window: usize,
    hop: usize,
    /// Samples from the start of the next window on; never longer than a window.
    samples: Vec<f32>,
    received: u64,
    /// Windows scored so far.
    scored: u64,
    levels: Levels,
    /// One per label; none for labels that are never reported.
    pickers: Vec<Option<PeakPicker>>,
}

impl<S, E> KeywordSpotter<S>
where
    S: FnMut(&[f32]) -> Result<Vec<f32>, E>,
{
    /// A spotter for these labels, in the order of the logits.
    ///
    /// # Errors
    /// The decision makes no sense.
    pub fn new(labels: &[String], decision: &Decision, score: S) -> Result<Self, DecisionError> {
        check(decision)?;
        let samples = |seconds: f32| (seconds * SAMPLE_RATE as f32).round() as usize;
        let (window, hop) = (samples(decision.window_s), samples(decision.hop_s));
        let smoothing = decision.smoothing_windows as usize;
        let picker = PeakPicker::new(peaks::Rules {
            threshold: decision.threshold,
            smoothing,
            patience: (window / 2).div_ceil(hop) as u64,
            refractory: samples(decision.refractory_s).div_ceil(hop) as u64,
            window: window.div_ceil(hop) as u64,
        });
        Ok(KeywordSpotter {
            pickers: labels.iter().map(|label| (!label.starts_with('_')).then(|| picker.clone())).collect(),
            labels: labels.to_vec(),
            score,
            window,
            hop,
            samples: Vec::with_capacity(window),
            received: 0,
            scored: 0,
            levels: Levels::new(2 * window + smoothing * hop),
        })
    }

    /// Takes the next samples, and returns what they complete.
    ///
    /// # Errors
    /// The model failed on a window.
    pub fn push(&mut self, mut samples: &[f32]) -> Result<Vec<Detection>, E> {
        let mut detections = Vec::new();
        while let Some((part, rest)) =
            samples.split_at_checked((self.window - self.samples.len()).min(samples.len()))
        {
            self.levels.push(part);
            self.samples.extend_from_slice(part);
            self.received += part.len() as u64;
            samples = rest;
            if self.samples.len() < self.window {
                break;
            }
            self.score_window(&mut detections)?;
            self.samples.drain(..self.hop);
        }
        Ok(detections)
    }

    /// The sound is over: scores what no window has covered yet, and closes open events.
    ///
    /// # Errors
    /// The model failed on the last window.
    pub fn finish(mut self) -> Result<Vec<Detection>, E> {
        let mut detections = Vec::new();
        let covered =
            if self.scored == 0 { 0 } else { (self.scored - 1) * self.hop as u64 + self.window as u64 };
        if self.received > covered {
            self.samples.resize(self.window, 0.0);
            self.score_window(&mut detections)?;
        }
        for label in 0..self.labels.len() {
            let event = self.pickers.get_mut(label).and_then(Option::as_mut).and_then(PeakPicker::finish);
            detections.extend(event.map(|event| self.detection(label, &event)));
        }
        Ok(detections)
    }

    fn score_window(&mut self, detections: &mut Vec<Detection>) -> Result<(), E> {
        let mut scores = (self.score)(&self.samples)?;
        softmax(&mut scores);
        for (label, probability) in scores.into_iter().enumerate() {
            let picker = self.pickers.get_mut(label).and_then(Option::as_mut);
            let event = picker.and_then(|picker| picker.push(self.scored, probability));
            detections.extend(event.map(|event| self.detection(label, &event)));
        }
        self.scored += 1;
        Ok(())
    }

    fn detection(&self, label: usize, event: &Event) -> Detection {
        let (window, hop) = (self.window as u64, self.hop as u64);
        let (first, last) = (event.first * hop, event.last * hop);
        let middle = first.midpoint(last);
        let (start, end) = match (first + window).checked_sub(last) {
            Some(common) if common as f32 >= MIN_WORD_S * SAMPLE_RATE as f32 => (last, first + window),
            _ => (middle, middle + window),
        };
        let (start, end) = (start.saturating_sub(hop).max(first), (end + hop).min(last + window));
        let (start, end) = self.levels.trim(start, end.min(self.received));
        let seconds = |samples: u64| samples as f64 / f64::from(SAMPLE_RATE);
        Detection {
            keyword: self.labels.get(label).cloned().unwrap_or_default(),
            score: event.score,
            start_s: seconds(start),
            end_s: seconds(end),
        }
    }
}

fn check(decision: &Decision) -> Result<(), DecisionError> {
    let within = |field, value: f32, lowest: f32, highest: f32| {
        if (lowest..=highest).contains(&value) {
            Ok(())
        } else {
            Err(DecisionError { field, value, lowest, highest })
        }
    };
    within("threshold", decision.threshold, 0.0, 1.0)?;
    within("window_s", decision.window_s, MIN_HOP_S, MAX_WINDOW_S)?;
    within("hop_s", decision.hop_s, MIN_HOP_S, decision.window_s)?;
    within("smoothing_windows", decision.smoothing_windows as f32, 1.0, MAX_SMOOTHING as f32)?;
    within("refractory_s", decision.refractory_s, 0.0, MAX_REFRACTORY_S)
}

fn softmax(logits: &mut [f32]) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for logit in logits.iter_mut() {
        *logit = (*logit - max).exp();
    }
    let sum: f32 = logits.iter().sum();
    for logit in logits {
        *logit /= sum;
    }
}

#[cfg(test)]
mod tests;
