//! Logits of sliding windows in, phrases out.

use std::collections::VecDeque;
use std::ops::Range;

use super::alphabet::Alphabet;
use super::ends::{Ends, Event};
use super::frames::{FLOOR, Middles, row};
use super::search::Search;
use crate::frontend::SAMPLE_RATE;
use crate::tasks::words::{Detection, seconds_to_samples};

/// An ending is final when no better one has come for so many frames.
const PATIENCE: usize = 12;

/// A phrase that is listened for.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// What it is called in detections.
    pub name: String,
    /// The ways to say it, each as the tokens of an [`Alphabet`].
    pub ways: Vec<Vec<usize>>,
    /// Smallest score that counts, 0 to 1. See [`Thresholds`](super::Thresholds).
    pub threshold: f32,
}

/// Hears phrases in one sound, window by window. It owns all of its state and no model. See the module for its score.
///
/// - Of each window the frames in its middle count; before the first one and behind the last one, all of them.
/// - A phrase is told a quarter of a second after its best end, at which its score reached its threshold.
/// - Where several phrases claim the same sound, the one with the most evidence is told: score times phones.
///
/// Memory is a few numbers for each phone of the phrases, however long the sound.
#[derive(Debug)]
pub struct PhraseSpotter {
    names: Vec<String>,
    thresholds: Vec<f32>,
    ears: Ears,
    heard: VecDeque<Detection>,
    middles: Middles,
    /// The logits of a window in which nobody speaks.
    silence: Vec<f32>,
    /// Samples from one frame to the next.
    frame: usize,
}

/// What takes rows.
#[derive(Debug)]
struct Ears {
    search: Search,
    ends: Ends,
    row: Vec<f32>,
    /// The best score of each phrase since they were taken.
    best: Vec<f32>,
}

impl Ears {
    fn push(&mut self, at: u64, logits: &[f32]) -> Vec<Event> {
        self.row.clear();
        self.row.extend(row(logits));
        self.search.push(at, &self.row);
        let endings = self.search.endings().inspect(|ending| {
            if let Some(best) = self.best.get_mut(ending.phrase) {
                *best = best.max(ending.score);
            }
        });
        self.ends.push(at, endings)
    }
}

impl PhraseSpotter {
    /// A spotter that has heard nothing yet. `hop_s`: seconds from one window to the next.
    pub fn new(phrases: &[Phrase], alphabet: &Alphabet, hop_s: f32) -> Self {
        let (tokens, frame) = (alphabet.len(), alphabet.frame());
        let ways = phrases.iter().map(|phrase| phrase.ways.as_slice());
        let thresholds: Vec<f32> = phrases.iter().map(|phrase| phrase.threshold).collect();
        PhraseSpotter {
            names: phrases.iter().map(|phrase| phrase.name.clone()).collect(),
            ears: Ears {
                search: Search::new(ways, alphabet.blank(), frame),
                ends: Ends::new(thresholds.clone(), (PATIENCE * frame) as u64),
                row: Vec::with_capacity(tokens),
                best: vec![0.0; phrases.len()],
            },
            thresholds,
            heard: VecDeque::new(),
            middles: Middles::new(frame, seconds_to_samples(hop_s), tokens),
            silence: (0..tokens).map(|token| if token == alphabet.blank() { 0.0 } else { -FLOOR }).collect(),
            frame,
        }
    }

    /// Takes the logits, frame by frame, of the window over these samples of the sound, which begins at most a hop behind the
    /// last.
    /// The first one may begin before the sound, where silence stands.
    pub fn push(&mut self, window: &Range<i64>, logits: &[f32]) {
        let (ears, mut events) = (&mut self.ears, Vec::new());
        self.middles.push(window, logits, |at, logits| events.extend(ears.push(at, logits)));
        self.tell(events);
    }

    /// The next window is one in which nobody speaks.
    pub fn push_silence(&mut self, window: &Range<i64>) {
        let frames = (window.end - window.start) as usize / self.frame;
        let logits = self.silence.repeat(frames);
        self.push(window, &logits);
    }

    /// The sound is over; it has so many samples.
    pub fn finish(&mut self, samples: u64) {
        let (ears, mut events) = (&mut self.ears, Vec::new());
        self.middles.finish(samples, |at, logits| events.extend(ears.push(at, logits)));
        events.extend(ears.ends.finish());
        self.tell(events);
    }

    /// Takes out what was heard and not taken yet, in the order of the sound.
    pub fn detections(&mut self) -> impl Iterator<Item = Detection> {
        self.heard.drain(..)
    }

    /// Takes the best score of each phrase since this was asked last, with its name and threshold: for whoever watches.
    pub fn take_scores(&mut self) -> Vec<(String, f32, f32)> {
        let names = self.names.iter().zip(&self.thresholds).zip(&mut self.ears.best);
        names.map(|((name, &threshold), best)| (name.clone(), std::mem::take(best), threshold)).collect()
    }

    fn tell(&mut self, events: Vec<Event>) {
        let seconds = |samples: u64| samples as f64 / f64::from(SAMPLE_RATE);
        self.heard.extend(events.into_iter().map(|Event { ending, at }| Detection {
            keyword: self.names.get(ending.phrase).cloned().unwrap_or_default(),
            score: ending.score,
            start_s: seconds(ending.since),
            end_s: seconds(at + self.frame as u64),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOP: i64 = 1600;
    const WINDOW: i64 = 6400;

    /// What a head says that is sure of these letters, a frame each; `-` is silence.
    fn logits(said: &str) -> Vec<Vec<f32>> {
        let place = |letter: char| "-abc".find(letter).expect("a letter");
        said.chars()
            .map(|letter| (0..4).map(|n| if n == place(letter) { 9.0 } else { 0.0 }).collect())
            .collect()
    }

    fn heard(said: &str, threshold: f32) -> Vec<Detection> {
        let alphabet = Alphabet::of_letters("abc");
        let ways = vec![alphabet.spell(["a", "b", "c"]).expect("letters")];
        let phrase = Phrase { name: "abc".to_owned(), ways, threshold };
        let mut spotter = PhraseSpotter::new(&[phrase], &alphabet, HOP as f32 / SAMPLE_RATE as f32);
        let frames = logits(said);
        let mut start = 0;
        while start + HOP < frames.len() as i64 * 320 {
            let window = start..start + WINDOW;
            let first = (start / 320) as usize;
            let silence = logits("-").concat();
            let part: Vec<Vec<f32>> =
                (first..first + 20).map(|n| frames.get(n).unwrap_or(&silence).clone()).collect();
            if part.iter().all(|frame| *frame == silence) {
                spotter.push_silence(&window);
            } else {
                spotter.push(&window, &part.concat());
            }
            start += HOP;
        }
        spotter.finish(frames.len() as u64 * 320);
        spotter.detections().collect()
    }

    #[test]
    fn a_phrase_is_heard_where_it_is() {
        let found = heard(&format!("{}abbc{}abc", "-".repeat(10), "-".repeat(30)), 0.9);
        assert_eq!(found.len(), 2, "{found:?}");
        let [first, second] = [&found[0], &found[1]];
        assert_eq!((first.keyword.as_str(), first.score), ("abc", 1.0));
        assert!((first.start_s - 0.2).abs() < 1e-9 && (first.end_s - 0.28).abs() < 1e-9, "{first:?}");
        assert!((second.end_s - 47.0 * 0.02).abs() < 1e-9, "the end of the sound counts: {second:?}");
    }

    #[test]
    fn what_is_only_like_it_counts_from_its_threshold_on() {
        let said = format!("--ab{}", "-".repeat(30));
        assert_eq!(heard(&said, 0.5), []);
        let found = heard(&said, 0.1);
        assert!((found[0].score - (-FLOOR / 3.0).exp()).abs() < 1e-6, "{found:?}");
    }
}
