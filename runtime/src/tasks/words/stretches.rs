//! Finds stretches of sound between pauses that may be words, to be scored alone.

use std::collections::VecDeque;
use std::ops::Range;

use super::close_up::{CloseUp, Verdict};
use super::levels::{Levels, PAUSE};
use super::rivals::Rival;
use super::rows::Rows;
use super::seconds_to_samples;
use super::sliding::Sliding;

/// Shortest stretch, in seconds, that may pass for a word.
pub(super) const MIN_WORD_S: f32 = 0.1;
/// Most of a pause, in seconds, that is taken for part of the word beside it.
pub(super) const MARGIN_S: f32 = 0.1;
/// A pause that ends a breath, in seconds.
const BREATH_S: f32 = 0.5;
/// Longest row of words, in seconds, that is held back until it is complete.
const PHRASE_S: f32 = 5.0;
/// A sliding window in which a keyword is at least as probable as this hints at it.
const HINT: f32 = 0.1;
/// A stretch that stands alone is a keyword only if that is more probable than all the rest.
const ALONE: f32 = 0.5;
/// How much a second of sound counts for a stretch that stands alone, in probability: of two stretches about as
/// probable, the longer one is the whole word.
const PER_SECOND: f32 = 0.05;

/// The search for words that stand between two pauses.
#[derive(Debug)]
pub(super) struct Stretches {
    /// Smallest mean probability of each label that is a keyword.
    thresholds: Vec<Option<f32>>,
    /// Places of the window at which a stretch is scored.
    smoothing: usize,
    /// The latest windows, those that share sound with the last one: where each begins, and its probabilities.
    recent: VecDeque<(u64, Vec<f32>)>,
    /// Stretches that are to be scored.
    queue: VecDeque<CloseUp>,
    view: View,
    rows: Rows,
}

/// The bursts in which stretches are looked for.
#[derive(Debug, Default)]
struct View {
    bursts: Vec<Range<u64>>,
    /// Number of the burst that is tried next as the beginning of stretches.
    next: usize,
    /// Bursts that begin from here on are left to later windows.
    to: u64,
    /// Up to where the sound is known.
    end: u64,
}

impl Stretches {
    pub(super) fn new(thresholds: Vec<Option<f32>>, smoothing: usize) -> Self {
        Stretches {
            thresholds,
            smoothing,
            recent: VecDeque::new(),
            queue: VecDeque::new(),
            view: View::default(),
            rows: Rows::new(seconds_to_samples(BREATH_S) as u64, seconds_to_samples(PHRASE_S) as u64),
        }
    }

    /// The stretch that is to be scored.
    pub(super) fn waiting(&self) -> Option<&CloseUp> {
        self.queue.front()
    }

    /// Takes the probabilities of the stretch that waits.
    pub(super) fn score(&mut self, probabilities: &[f32], levels: &Levels) {
        let Some(close_up) = self.queue.front_mut() else { return };
        let threshold = |label: usize| self.thresholds.get(label).copied().flatten().unwrap_or(1.0);
        let verdict = close_up.score(probabilities, |label| threshold(label).max(ALONE));
        if verdict == Verdict::Open {
            return;
        }
        let close_up = self.queue.pop_front();
        if let (Verdict::Word(label, score), Some(CloseUp { sound, cut, .. })) = (verdict, close_up) {
            let length = (sound.end - sound.start) as f32 / seconds_to_samples(1.0) as f32;
            let (start, end) = levels.trim(cut.start, cut.end);
            let word = Rival { label, score, weight: score + PER_SECOND * length, start, end };
            let bursts = self.view.bursts.iter().take_while(|burst| burst.start < sound.start);
            self.rows.add(word, &sound, bursts.last().map(|burst| burst.end));
        }
    }

    /// Takes the probabilities of the window that begins at `start`, and looks at its sound up to where the next one begins.
    pub(super) fn slid(&mut self, probabilities: Vec<f32>, start: u64, sliding: &Sliding, levels: &Levels) {
        let window = sliding.window as u64;
        while self.recent.front().is_some_and(|&(earlier, _)| earlier + window <= start) {
            self.recent.pop_front();
        }
        self.recent.push_back((start, probabilities));
        self.look(start..sliding.next_start(), start + window, sliding, levels);
    }

    /// Looks at the end of the sound, behind which is a pause.
    pub(super) fn look_at_the_end(&mut self, sliding: &Sliding, levels: &Levels) {
        self.look(sliding.next_start()..sliding.received(), u64::MAX, sliding, levels);
    }

    /// Looks for stretches that begin in `beginnings`, in sound that is known up to `end`.
    fn look(&mut self, beginnings: Range<u64>, end: u64, sliding: &Sliding, levels: &Levels) {
        let Range { start: from, end: to } = beginnings;
        let earlier = from.saturating_sub(sliding.window as u64);
        let bursts = levels.bursts(earlier, end.min(sliding.received()), from);
        let next = bursts.iter().position(|burst| burst.start >= from).unwrap_or(bursts.len());
        self.view = View { bursts, next, to, end };
    }

    /// Queues stretches until there is one to score. Once there is none left in view, returns the words of rows that
    /// are complete.
    pub(super) fn advance(&mut self, sliding: &Sliding) -> Option<Vec<Rival>> {
        while self.queue.is_empty() && self.try_next_burst(sliding) {}
        let View { bursts, to, end, .. } = &self.view;
        self.queue.is_empty().then(|| self.rows.close(bursts, *to, *end))
    }

    /// First sample of the earliest row that is not complete.
    pub(super) fn since(&self) -> Option<u64> {
        self.rows.since()
    }

    /// Queues the stretches that begin with the next burst in view, if there is one: each lies between two pauses, a
    /// row may go on with it, and sliding windows hint at a keyword.
    fn try_next_burst(&mut self, sliding: &Sliding) -> bool {
        let View { bursts, next, to, end } = &self.view;
        let Some(first) = bursts.get(*next).filter(|burst| burst.start < *to) else { return false };
        let before = next.checked_sub(1).and_then(|i| bursts.get(i)).map(|burst| burst.end);
        if self.rows.may_begin(first.start, before) {
            for (j, last) in bursts.iter().enumerate().skip(*next) {
                let sound = first.start..last.end;
                let after = bursts.get(j + 1).map_or(*end, |burst| burst.start);
                let length = (sound.end - sound.start) as usize;
                if length > sliding.window {
                    break;
                }
                let hinted = self.hints(&sound, sliding);
                let is_short = length < seconds_to_samples(MIN_WORD_S);
                if is_short || after < sound.end + PAUSE || hinted.is_empty() {
                    continue;
                }
                let cut = with_margins(&sound, before.unwrap_or(0), after, sliding.window as u64);
                let close_up = CloseUp::new(sound, cut, hinted, sliding.window, sliding.hop, self.smoothing);
                self.queue.push_back(close_up);
            }
        }
        self.view.next += 1;
        true
    }

    /// Keywords that are not improbable in a sliding window that holds all of the sound.
    fn hints(&self, sound: &Range<u64>, sliding: &Sliding) -> Vec<usize> {
        let holds = |start: u64| start <= sound.start && sound.end <= start + sliding.window as u64;
        let holding: Vec<&Vec<f32>> = self
            .recent
            .iter()
            .filter(|&&(start, _)| holds(start))
            .map(|(_, probabilities)| probabilities)
            .collect();
        let is_hinted = |label: usize, threshold: f32| {
            let least = threshold.min(HINT);
            holding.iter().any(|probabilities| probabilities.get(label).is_some_and(|&p| p >= least))
        };
        let keywords = self.thresholds.iter().enumerate().filter_map(|(label, own)| Some((label, (*own)?)));
        keywords.filter(|&(label, own)| is_hinted(label, own)).map(|(label, _)| label).collect()
    }
}

/// The sound with half of the pauses on both sides, up to the margin, as far as the window has room.
fn with_margins(sound: &Range<u64>, before: u64, after: u64, window: u64) -> Range<u64> {
    let most = (seconds_to_samples(MARGIN_S) as u64).min((window - (sound.end - sound.start)) / 2);
    let left = ((sound.start - before) / 2).min(most);
    let right = ((after - sound.end) / 2).min(most);
    sound.start - left..sound.end + right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_half_of_the_pauses_as_far_as_the_window_has_room() {
        assert_eq!(with_margins(&(8000..12_000), 7000, 14_000, 16_000), 7500..13_000);
        assert_eq!(with_margins(&(8000..12_000), 0, u64::MAX, 16_000), 6400..13_600);
        assert_eq!(with_margins(&(8000..12_000), 0, u64::MAX, 5000), 7500..12_500);
    }
}
