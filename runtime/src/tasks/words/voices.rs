//! The voices in the latest windows of one sound, until the words in them are told.

use std::collections::VecDeque;
use std::ops::Range;

use super::Detection;
use crate::frontend::SAMPLE_RATE;
use crate::tasks::speaker::Embedding;

/// Windows that are kept: a word is told a few windows after the one that holds it best.
const KEPT: usize = 48;

/// Embeddings of windows, in the order of the sound.
#[derive(Debug, Default)]
pub(super) struct Voices {
    latest: VecDeque<(Range<i64>, Vec<f32>)>,
    /// The middle of the last window, if any window had a voice.
    passed: Option<f64>,
}

impl Voices {
    /// Adds the voice in the window over these samples.
    pub(super) fn push(&mut self, window: Range<i64>, voice: Vec<f32>) {
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.passed = Some(middle(&window));
        self.latest.push_back((window, voice));
    }

    /// The next window is one in which nobody speaks.
    pub(super) fn push_silence(&mut self, window: &Range<i64>) {
        if let Some(passed) = &mut self.passed {
            *passed = middle(window);
        }
    }

    /// Whether no later window can tell the voice of a word better; so it is where there are no voices.
    pub(super) fn have_passed(&self, word: &Detection) -> bool {
        self.passed.is_none_or(|passed| passed >= middle_of(word))
    }

    /// The voice in the window that has the word nearest to its middle, if the middle of the word is in it at all.
    pub(super) fn of(&self, word: &Detection) -> Option<Embedding> {
        let distance = |window: &Range<i64>| (middle(window) - middle_of(word)).abs();
        let (window, voice) = self.latest.iter().min_by(|a, b| distance(&a.0).total_cmp(&distance(&b.0)))?;
        let holds_it = distance(window) <= (window.end - window.start) as f64 / 2.0;
        Embedding::new(voice).filter(|_| holds_it)
    }
}

fn middle(window: &Range<i64>) -> f64 {
    (window.start + window.end) as f64 / 2.0
}

/// The middle of a word, in samples.
fn middle_of(word: &Detection) -> f64 {
    (word.start_s + word.end_s) / 2.0 * f64::from(SAMPLE_RATE)
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
        for number in 0..56_i64 {
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

    #[test]
    fn a_word_has_passed_once_a_window_has_it_in_its_first_half() {
        let mut voices = Voices::default();
        assert!(voices.have_passed(&word(9.0, 9.4)), "there are no voices to wait for");
        voices.push_silence(&(-16_000..0));
        assert!(voices.have_passed(&word(9.0, 9.4)), "and none in silence");
        voices.push(0..16_000, vec![1.0, 0.0]);
        assert!(!voices.have_passed(&word(0.4, 0.7)));
        voices.push_silence(&(1000..17_000));
        assert!(voices.have_passed(&word(0.4, 0.7)));
    }
}
