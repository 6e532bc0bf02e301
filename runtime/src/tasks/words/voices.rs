//! The voices in the latest windows of one sound, until the words in them are told.

use std::collections::VecDeque;
use std::ops::Range;

use super::Detection;
use crate::frontend::SAMPLE_RATE;
use crate::tasks::speaker::Embedding;

/// Windows that are kept: a word is told a few windows after the one that holds it best.
const KEPT: usize = 32;

/// Embeddings of windows, in the order of the sound.
#[derive(Debug, Default)]
pub(super) struct Voices {
    latest: VecDeque<(Range<i64>, Vec<f32>)>,
}

impl Voices {
    /// Adds the voice in the window over these samples.
    pub(super) fn push(&mut self, window: Range<i64>, voice: Vec<f32>) {
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back((window, voice));
    }

    /// The voice in the window that has the word nearest to its middle, if the middle of the word is in it at all.
    pub(super) fn of(&self, word: &Detection) -> Option<Embedding> {
        let middle = (word.start_s + word.end_s) / 2.0 * f64::from(SAMPLE_RATE);
        let distance = |window: &Range<i64>| ((window.start + window.end) as f64 / 2.0 - middle).abs();
        let (window, voice) = self.latest.iter().min_by(|a, b| distance(&a.0).total_cmp(&distance(&b.0)))?;
        let holds_it = distance(window) <= (window.end - window.start) as f64 / 2.0;
        Embedding::new(voice).filter(|_| holds_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(start_s: f64, end_s: f64) -> Detection {
        Detection { keyword: "go".to_owned(), score: 0.9, start_s, end_s }
    }

    #[test]
    fn the_window_around_the_word_tells_its_voice() {
        let mut voices = Voices::default();
        for number in 0..40_i64 {
            let start = number * 4000;
            voices.push(start..start + 16_000, vec![1.0, number as f32]);
        }
        // Windows 0 to 7 are forgotten; window 20 lies from 5 s to 6 s.
        let voice = voices.of(&word(5.3, 5.6)).expect("a voice");
        assert!((voice.as_slice()[1] / voice.as_slice()[0] - 20.0).abs() < 1e-3);
        assert!(voices.of(&word(0.1, 0.4)).is_none(), "too long ago");
        assert!(voices.of(&word(20.0, 20.5)).is_none(), "not heard yet");
        assert!(Voices::default().of(&word(0.0, 1.0)).is_none());
    }
}
