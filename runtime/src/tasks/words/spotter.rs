//! Sound in, windows to score out; logits in, keywords out.

use std::collections::VecDeque;

use wavlm_format::Decision;

use super::decision::{DecisionError, check};
use super::levels::Levels;
use super::peaks::{Event, PeakPicker, Rules};
use super::rivals::{Rival, Rivals};
use super::score::{LIKELY, probabilities};
use super::seconds_to_samples;
use super::sliding::Sliding;
use super::stretches::{MARGIN_S, MIN_WORD_S, Stretches};
use super::tuning::Tuning;
use crate::frontend::SAMPLE_RATE;
use crate::windows::SharedFrames;

/// From frame to frame of a published WavLM, in seconds: windows whole frames apart share them.
const FRAME_S: f32 = 0.02;

/// Two thirds of a hop, in samples, and whole frames where the hop has room for them.
fn closer_step(hop: usize) -> usize {
    let (step, frame) = ((2 * hop).div_ceil(3), seconds_to_samples(FRAME_S));
    if step < frame { step } else { step / frame * frame }
}

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

/// Sound that waits to be scored.
#[derive(Debug)]
pub struct Window<'a> {
    /// 16 kHz mono samples; always as many.
    pub samples: &'a [f32],
    /// Where it begins in the sound, in samples (negative where silence stands before the sound), and the frames that a
    /// [`WindowSession`](crate::WindowSession) knows of that sound. `None` for a stretch that stands alone, with silence in
    /// place of what is around it.
    pub place: Option<(i64, &'a mut SharedFrames)>,
}

/// Hears keywords in one sound of any length, piece by piece, with whatever gives logits.
///
/// It owns all of its state and no model, so any number of spotters can share one:
///
/// ```
/// # use wavlm_runtime::tasks::words::{Detection, KeywordSpotter, UNTUNED};
/// # fn logits(window: &[f32]) -> Vec<f32> { vec![0.0, 9.0] }
/// let labels = ["yes".to_owned(), "_silence_".to_owned()];
/// let mut spotter = KeywordSpotter::new(&labels, &UNTUNED)?;
/// for piece in [[0.0; 16_000], [0.1; 16_000]] {
///     spotter.push(&piece);
///     while let Some(window) = spotter.window() {
///         let logits = logits(window.samples);
///         spotter.score(&logits);
///     }
///     let heard: Vec<Detection> = spotter.detections().collect();
/// #   assert!(heard.is_empty());
/// }
/// spotter.finish(); // and the same loop once more
/// # Ok::<(), wavlm_runtime::tasks::words::DecisionError>(())
/// ```
///
/// [`KeywordSpotter::run`] is that inner loop.
///
/// - An offset of the samples, and whatever else is slower than 3 Hz, is removed first.
/// - Windows begin every `hop_s`, and two thirds of that behind one in which a keyword is more probable than not: what is
///   half heard is looked at again sooner. Silence stands before the sound and behind it: as many windows hold its first
///   word and its last one as any other.
/// - The score of a keyword is its probability averaged over the last `smoothing_windows` windows (fewer at the
///   beginning), and over twice as many where the sound does not pause at the end of the window: what goes on may be a
///   longer word. A score of at least `threshold` opens an event; its highest score is reported when the score falls
///   below the threshold, or has not risen for half a window. [`Tuning::at_once`] reports the first one instead.
/// - The next event of that keyword opens once `refractory_s` have passed since the peak, and the score has been below
///   the threshold in between or the window no longer shares sound with the peak's: a word is heard once.
/// - Words that follow each other closely share every window. So a stretch of sound between two pauses, in which a
///   window hints at a keyword, is scored alone, too, at as many places of the window as are averaged. It is an event if
///   the mean reaches the threshold and the keyword is more probable than all the rest.
/// - Events over the same sound are rivals, and the best of them is the word; two words may win against one over both.
/// - Start and end: a stretch that stood alone is the word, without the quiet ends. Of windows, every one that fired
///   should hold the word, most of it at least, so it lies in what they have in common (in the middle of them, if that
///   is very short), to within a hop, without the quiet stretches at both ends of that.
#[derive(Debug)]
pub struct KeywordSpotter {
    labels: Vec<String>,
    sliding: Sliding,
    levels: Levels,
    /// One per label; none for labels that are never reported.
    pickers: Vec<Option<PeakPicker>>,
    stretches: Stretches,
    /// Words wait for no rivals.
    at_once: bool,
    /// What the model knows of the sound of the last window.
    frames: SharedFrames,
    /// Room for the window of a stretch.
    alone: Vec<f32>,
    rivals: Rivals,
    /// The end of the sound has been looked at.
    closed: bool,
    heard: VecDeque<Detection>,
}

impl KeywordSpotter {
    /// A spotter for these labels, in the order of the logits. Labels that start with `_` (`_silence_`, `_unknown_`)
    /// take part in the softmax and are never reported.
    ///
    /// # Errors
    /// The decision makes no sense.
    pub fn new(labels: &[String], decision: &Decision) -> Result<Self, DecisionError> {
        Self::tuned(labels, decision, &Tuning::default())
    }

    /// As [`KeywordSpotter::new`], with what a user has changed.
    ///
    /// # Errors
    /// The decision or the tuning makes no sense.
    pub fn tuned(labels: &[String], decision: &Decision, tuning: &Tuning) -> Result<Self, DecisionError> {
        check(decision)?;
        tuning.check()?;
        let (window, hop) = (seconds_to_samples(decision.window_s), seconds_to_samples(decision.hop_s));
        let smoothing = decision.smoothing_windows as usize;
        let picker = |threshold| {
            PeakPicker::new(Rules {
                threshold,
                smoothing,
                trigger: tuning.trigger_windows.into(),
                patience: window as u64 / 2,
                at_once: tuning.at_once,
                refractory: seconds_to_samples(decision.refractory_s) as u64,
                window: window as u64,
            })
        };
        let threshold =
            |label: &String| tuning.hears(label).then(|| tuning.threshold(label, decision.threshold));
        let thresholds: Vec<Option<f32>> = labels.iter().map(threshold).collect();
        Ok(KeywordSpotter {
            pickers: thresholds.iter().map(|threshold| threshold.map(picker)).collect(),
            labels: labels.to_vec(),
            sliding: Sliding::new(window, hop, seconds_to_samples(MARGIN_S)),
            levels: Levels::new(3 * window + smoothing * hop),
            stretches: Stretches::new(thresholds, smoothing),
            at_once: tuning.at_once,
            frames: SharedFrames::default(),
            alone: Vec::new(),
            rivals: Rivals::default(),
            closed: false,
            heard: VecDeque::new(),
        })
    }

    /// Takes the next 16 kHz mono samples. They are kept until the windows that they complete have been scored.
    pub fn push(&mut self, samples: &[f32]) {
        self.sliding.push(samples);
    }

    /// The sound is over: what no window has covered yet becomes the last one. Nothing may be pushed afterwards.
    pub fn finish(&mut self) {
        self.sliding.finish();
        self.advance();
    }

    /// What is to be scored next; the same until [`KeywordSpotter::score`] has taken its logits. `None` if more sound is
    /// needed, or all is scored.
    pub fn window(&mut self) -> Option<Window<'_>> {
        if let Some(close_up) = self.stretches.waiting() {
            self.alone.clear();
            self.alone.resize(close_up.place(), 0.0);
            self.alone.extend_from_slice(self.sliding.sound(&close_up.cut));
            self.alone.resize(self.sliding.window, 0.0);
            return Some(Window { samples: &self.alone, place: None });
        }
        let start = self.sliding.next_start() as i64 - self.sliding.silence as i64;
        Some(Window { samples: self.sliding.next()?, place: Some((start, &mut self.frames)) })
    }

    /// Takes the logits, one per label, of what [`KeywordSpotter::window`] gave.
    pub fn score(&mut self, logits: &[f32]) {
        let probabilities = probabilities(logits);
        if self.stretches.waiting().is_some() {
            self.stretches.score(&probabilities, &self.levels);
        } else {
            self.slide(probabilities);
        }
        self.advance();
    }

    /// Scores all windows that are due, and returns what they complete. `score` returns a logit per label.
    ///
    /// # Errors
    /// `score` failed; the window stays due.
    pub fn run<E>(
        &mut self,
        mut score: impl FnMut(Window<'_>) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<Detection>, E> {
        while let Some(window) = self.window() {
            let logits = score(window)?;
            self.score(&logits);
        }
        Ok(self.detections().collect())
    }

    /// Takes out what was heard and not taken yet, in the order of the sound.
    pub fn detections(&mut self) -> impl Iterator<Item = Detection> {
        self.heard.drain(..)
    }

    /// A sliding window has been scored.
    fn slide(&mut self, probabilities: Vec<f32>) {
        let start = self.sliding.next_start();
        let end = (start + self.sliding.window as u64).min(self.sliding.received());
        self.levels.push(self.sliding.sound(&(self.levels.received()..end)));
        let pauses = self.levels.pauses_at_the_end(start, end);
        for (label, &probability) in probabilities.iter().enumerate() {
            let picker = self.pickers.get_mut(label).and_then(Option::as_mut);
            if let Some(event) = picker.and_then(|picker| picker.push(start, probability, pauses)) {
                self.add_event(label, &event);
            }
        }
        self.sliding.step(self.step_behind(&probabilities));
        self.stretches.slid(probabilities, start, &self.sliding, &self.levels);
    }

    /// How many samples behind a window with these probabilities the next one begins.
    fn step_behind(&self, probabilities: &[f32]) -> usize {
        let mut heard = self.pickers.iter().zip(probabilities).filter(|(picker, _)| picker.is_some());
        if heard.any(|(_, &probability)| probability >= LIKELY) {
            closer_step(self.sliding.hop)
        } else {
            self.sliding.hop
        }
    }

    /// Goes on once all that the last window led to has been scored.
    fn advance(&mut self) {
        loop {
            let Some(words) = self.stretches.advance(&self.sliding) else { return };
            words.into_iter().for_each(|word| self.rivals.add(word));
            if self.closed || !self.sliding.is_done() {
                break;
            }
            self.closed = true;
            self.stretches.look_at_the_end(&self.sliding, &self.levels);
        }
        self.settle();
        self.sliding.forget();
    }

    /// Tells the words against which nothing can come any more.
    fn settle(&mut self) {
        let (next, window) = (self.sliding.next_start(), self.sliding.window as u64);
        let mut frontier = u64::MAX;
        if self.closed {
            for label in 0..self.labels.len() {
                let picker = self.pickers.get_mut(label).and_then(Option::as_mut);
                if let Some(event) = picker.and_then(PeakPicker::finish) {
                    self.add_event(label, &event);
                }
            }
        } else if !self.at_once {
            let open = self.pickers.iter().flatten().filter_map(PeakPicker::open_since).min();
            let open = open.unwrap_or(u64::MAX);
            let phrase = self.stretches.since().unwrap_or(u64::MAX);
            // However long an event stays open, words are told within a few windows.
            frontier = open.max(next.saturating_sub(window)).min(phrase).min(next);
        }
        for winner in self.rivals.settle(frontier, next.saturating_sub(2 * window)) {
            let silence = self.sliding.silence as u64;
            let seconds = |at: u64| at.saturating_sub(silence) as f64 / f64::from(SAMPLE_RATE);
            self.heard.push_back(Detection {
                keyword: self.labels.get(winner.label).cloned().unwrap_or_default(),
                score: winner.score,
                start_s: seconds(winner.start),
                end_s: seconds(winner.end),
            });
        }
    }

    fn add_event(&mut self, label: usize, event: &Event) {
        let (window, hop) = (self.sliding.window as u64, self.sliding.hop as u64);
        let (first, last) = (event.first, event.last);
        let middle = first.midpoint(last);
        let (start, end) = match (first + window).checked_sub(last) {
            Some(common) if common >= seconds_to_samples(MIN_WORD_S) as u64 => (last, first + window),
            _ => (middle, middle + window),
        };
        let (start, end) = (start.saturating_sub(hop).max(first), (end + hop).min(last + window));
        let (start, end) = self.levels.trim(start, end.min(self.sliding.received()));
        self.rivals.add(Rival { label, score: event.score, weight: event.score, start, end });
    }
}
