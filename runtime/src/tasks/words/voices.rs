//! The voices in the latest windows of one sound, until the words in them are told.

use std::collections::VecDeque;
use std::ops::Range;

use super::Detection;
use crate::frontend::SAMPLE_RATE;
use crate::tasks::speaker::Embedding;

/// Windows that are kept: a word is told a few windows after the one that holds it best.
const KEPT: usize = 48;
/// A window tells a word's voice if this much of the word is in it, or of the window where the word is longer: in hundredths.
const SHARE: i64 = 60;
/// How far behind a word a window may end that is waited for, in samples: 0.3 s. The one that has a short word in its middle ends
/// later, and is waited for, too.
const PATIENCE: i64 = 3 * SAMPLE_RATE as i64 / 10;

/// Embeddings of windows, in the order of the sound.
#[derive(Debug, Default)]
pub(super) struct Voices {
    latest: VecDeque<(Range<i64>, Embedding)>,
    /// The last window, if any window had a voice.
    passed: Option<Range<i64>>,
}

impl Voices {
    /// Adds the voice in the window over these samples, if it has a direction.
    pub(super) fn push(&mut self, window: Range<i64>, voice: &[f32]) {
        self.passed = Some(window.clone());
        let Some(voice) = Embedding::new(voice) else { return };
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back((window, voice));
    }

    /// The next window is one in which nobody speaks.
    pub(super) fn push_silence(&mut self, window: &Range<i64>) {
        if let Some(passed) = &mut self.passed {
            *passed = window.clone();
        }
    }

    /// Whether no later window tells the voice of a word; so it is where there are no voices.
    pub(super) fn have_passed(&self, word: &Detection) -> bool {
        self.passed.as_ref().is_none_or(|window| window.end >= last_end(window, &samples_of(word)))
    }

    /// The mean of the voices in the windows that hold enough of the word. If there is none, the voice in the window that has
    /// the word nearest to its middle, if the middle of the word is in it at all.
    pub(super) fn of(&self, word: &Detection) -> Option<Embedding> {
        self.in_range(&samples_of(word))
    }

    /// The same of a word that lies there, in samples.
    pub(super) fn in_range(&self, word: &Range<i64>) -> Option<Embedding> {
        let holding = self.latest.iter().filter(|(window, _)| holds(window, word));
        let voices: Vec<Embedding> = holding.map(|(_, voice)| voice.clone()).collect();
        Embedding::mean(&voices).or_else(|| self.nearest(word))
    }

    fn nearest(&self, word: &Range<i64>) -> Option<Embedding> {
        let distance = |window: &Range<i64>| (window.start + window.end - word.start - word.end).abs();
        let (window, voice) = self.latest.iter().min_by_key(|(window, _)| distance(window))?;
        (distance(window) <= length(window)).then(|| voice.clone())
    }
}

/// Whether a window tells a word's voice.
fn holds(window: &Range<i64>, word: &Range<i64>) -> bool {
    let inside = word.end.min(window.end) - word.start.max(window.start);
    let whole = length(word).min(length(window));
    inside > 0 && 100 * inside >= SHARE * whole && window.end <= last_end(window, word)
}

/// Where the last window ends that tells a word's voice; all are as long as `window`.
fn last_end(window: &Range<i64>, word: &Range<i64>) -> i64 {
    ((word.start + word.end + length(window)) / 2).max(word.end + PATIENCE)
}

fn length(range: &Range<i64>) -> i64 {
    range.end - range.start
}

fn samples_of(word: &Detection) -> Range<i64> {
    let samples = |seconds: f64| (seconds * f64::from(SAMPLE_RATE)).round() as i64;
    samples(word.start_s)..samples(word.end_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(start_s: f64, end_s: f64) -> Detection {
        Detection { keyword: "go".to_owned(), score: 0.9, start_s, end_s }
    }

    /// Windows of a second, a quarter of a second apart; the voice of window `n` has `n` in its second component.
    fn heard(count: i64) -> Voices {
        let mut voices = Voices::default();
        for number in 0..count {
            let start = number * 4000;
            voices.push(start..start + 16_000, &[1.0, number as f32]);
        }
        voices
    }

    /// The number of the window, or the mean of numbers, weighted towards small ones as directions are.
    fn number(voice: &Embedding) -> f32 {
        voice.as_slice()[1] / voice.as_slice()[0]
    }

    #[test]
    fn the_windows_around_a_word_tell_its_voice() {
        let voices = heard(56);
        // Of a word from 5.3 to 5.7 s, windows 19 (4.75 to 5.75 s) and 20 hold all, 18 has half; 21 ends after 6 s.
        let voice = voices.of(&word(5.3, 5.7)).expect("a voice");
        assert!((19.4..19.6).contains(&number(&voice)), "{}", number(&voice));
        // Of a phrase of two seconds from 5 s on, windows 19 to 25 hold enough, the last of which ends 0.25 s behind it.
        let voice = voices.of(&word(5.0, 7.0)).expect("a voice");
        assert!((21.4..22.0).contains(&number(&voice)), "{}", number(&voice));
        assert!(voices.of(&word(0.1, 0.4)).is_none(), "too long ago");
        assert!(voices.of(&word(20.0, 20.5)).is_none(), "not heard yet");
        assert!(Voices::default().of(&word(0.0, 1.0)).is_none());
    }

    #[test]
    fn where_windows_are_far_apart_the_nearest_one_does() {
        let mut voices = Voices::default();
        voices.push(0..16_000, &[1.0, 0.0]);
        voices.push(16_000..32_000, &[0.0, 1.0]);
        assert_eq!(voices.of(&word(0.85, 1.25)).expect("a voice").as_slice(), [0.0, 1.0]);
    }

    #[test]
    fn what_comes_later_changes_no_voice() {
        for word in [word(5.3, 5.7), word(5.0, 7.0), word(5.1, 5.2)] {
            let passed = (20..56).find(|&count| heard(count).have_passed(&word)).expect("it passes");
            assert_eq!(heard(passed).of(&word), heard(56).of(&word), "{word:?}");
        }
    }

    #[test]
    fn a_word_has_passed_once_a_window_has_it_in_its_first_half() {
        let mut voices = Voices::default();
        assert!(voices.have_passed(&word(9.0, 9.4)), "there are no voices to wait for");
        voices.push_silence(&(-16_000..0));
        assert!(voices.have_passed(&word(9.0, 9.4)), "and none in silence");
        voices.push(0..16_000, &[1.0, 0.0]);
        assert!(!voices.have_passed(&word(0.4, 0.71)));
        voices.push_silence(&(1000..17_000));
        assert!(voices.have_passed(&word(0.4, 0.71)));
    }

    #[test]
    fn a_voice_without_direction_is_left_out() {
        let mut voices = heard(20);
        voices.push(80_000..96_000, &[f32::NAN, 1.0]);
        assert!(voices.have_passed(&word(5.3, 5.5)));
        assert!((number(&voices.of(&word(5.3, 5.5)).expect("a voice")) - 18.5).abs() < 1.0);
    }
}
