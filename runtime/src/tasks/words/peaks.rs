//! Scores of one keyword, window by window, become events: one per word.
//!
//! Times here are those at which windows begin, in samples.

use std::collections::VecDeque;

/// Where the sound goes on at the end of a window, so many times as many windows are averaged: what may be the beginning of
/// a longer word is judged by more of what follows.
const AMID_SOUND: usize = 2;

/// When to report. See [`KeywordSpotter`](super::KeywordSpotter).
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Smallest smoothed score that is an event.
    pub(super) threshold: f32,
    /// Windows averaged where the sound pauses; at least 1.
    pub(super) smoothing: usize,
    /// Windows in a row whose smoothed score must reach the threshold; at least 1.
    pub(super) trigger: u64,
    /// A peak is final when no higher score has come for this long.
    pub(super) patience: u64,
    /// The first score that is an event is its peak.
    pub(super) at_once: bool,
    /// Silence after a peak.
    pub(super) refractory: u64,
    /// Windows that begin this far apart share no sound.
    pub(super) window: u64,
}

/// A peak of the smoothed score.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// Smoothed score at the peak.
    pub(super) score: f32,
    /// Where the window of the peak begins.
    at: u64,
    /// Where the first and the last window begin whose own score reached the threshold.
    pub(super) first: u64,
    pub(super) last: u64,
}

/// Finds the peaks of one keyword.
#[derive(Clone, Debug)]
pub(super) struct PeakPicker {
    rules: Rules,
    /// The latest windows with their scores, oldest first; as many as may be averaged.
    recent: VecDeque<(u64, f32)>,
    /// How many windows in a row have fired.
    hits: u64,
    open: Option<Event>,
    quiet: Option<Quiet>,
}

/// The time after an event in which the keyword is not reported.
#[derive(Clone, Debug)]
struct Quiet {
    since: u64,
    /// The score has been below the threshold since.
    fell: bool,
}

impl PeakPicker {
    pub(super) fn new(rules: Rules) -> Self {
        PeakPicker {
            recent: VecDeque::with_capacity(AMID_SOUND * rules.smoothing),
            rules,
            hits: 0,
            open: None,
            quiet: None,
        }
    }

    /// Takes the score of the window that begins at `at`, one after the other, and whether the sound pauses at its end.
    /// Returns the event that it completes.
    pub(super) fn push(&mut self, at: u64, score: f32, pauses: bool) -> Option<Event> {
        if self.recent.len() == AMID_SOUND * self.rules.smoothing {
            self.recent.pop_front();
        }
        self.recent.push_back((at, score));
        let most = if pauses { 1 } else { AMID_SOUND } * self.rules.smoothing;
        let averaged = self.recent.len().min(most);
        let latest = self.recent.iter().rev().take(averaged);
        let smooth = latest.map(|recent| recent.1).sum::<f32>() / averaged as f32;
        let fires = smooth >= self.rules.threshold;
        self.hits = if fires { self.hits + 1 } else { 0 };
        if self.is_quiet(at, fires) {
            return None;
        }
        match &mut self.open {
            None if self.hits >= self.rules.trigger => {
                let (first, last) = self.firing(at, averaged);
                self.open = Some(Event { score: smooth, at, first, last });
                if self.rules.at_once { self.close(false) } else { None }
            }
            None => None,
            Some(event) => {
                if score >= self.rules.threshold {
                    event.last = at;
                }
                if smooth > event.score {
                    (event.score, event.at) = (smooth, at);
                }
                let is_final = !fires || at - event.at >= self.rules.patience;
                if is_final { self.close(!fires) } else { None }
            }
        }
    }

    /// Where the first window that fired of the open event begins, if there is one.
    pub(super) fn open_since(&self) -> Option<u64> {
        self.open.as_ref().map(|event| event.first)
    }

    /// No more windows: the open event, if any.
    pub(super) fn finish(&mut self) -> Option<Event> {
        self.close(true)
    }

    fn close(&mut self, fell: bool) -> Option<Event> {
        let event = self.open.take()?;
        self.quiet = Some(Quiet { since: event.at, fell });
        Some(event)
    }

    fn is_quiet(&mut self, at: u64, fires: bool) -> bool {
        let Some(quiet) = &mut self.quiet else { return false };
        quiet.fell |= !fires;
        let elapsed = at - quiet.since;
        let over = elapsed >= self.rules.refractory && (quiet.fell || elapsed >= self.rules.window);
        if over {
            self.quiet = None;
        }
        !over
    }

    /// First and last of the averaged windows whose own score reached the threshold. There is one: their mean reached it.
    fn firing(&self, at: u64, averaged: usize) -> (u64, u64) {
        let averaged = self.recent.range(self.recent.len() - averaged..);
        let mut firing = averaged.filter(|recent| recent.1 >= self.rules.threshold);
        let first = firing.next().map_or(at, |recent| recent.0);
        let last = firing.next_back().map_or(first, |recent| recent.0);
        (first, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        threshold: 0.5,
        smoothing: 1,
        trigger: 1,
        patience: 3,
        at_once: false,
        refractory: 4,
        window: 6,
    };

    fn events(rules: Rules, scores: &[f32]) -> Vec<(f32, u64, u64, u64)> {
        let mut picker = PeakPicker::new(rules);
        let mut events: Vec<Event> =
            scores.iter().zip(0..).filter_map(|(&score, at)| picker.push(at, score, true)).collect();
        events.extend(picker.finish());
        events.iter().map(|event| (event.score, event.at, event.first, event.last)).collect()
    }

    #[test]
    fn a_hump_is_one_event_at_its_top() {
        assert_eq!(events(RULES, &[0.1, 0.6, 0.9, 0.7, 0.1, 0.1]), [(0.9, 2, 1, 3)]);
    }

    #[test]
    fn the_end_of_the_sound_closes_a_hump() {
        assert_eq!(events(RULES, &[0.1, 0.6, 0.9]), [(0.9, 2, 1, 2)]);
    }

    #[test]
    fn nothing_below_the_threshold() {
        assert!(events(RULES, &[0.49; 20]).is_empty());
    }

    #[test]
    fn two_tops_of_one_hump_are_one_word() {
        assert_eq!(events(RULES, &[0.9, 0.6, 0.8, 0.7, 0.6, 0.1]), [(0.9, 0, 0, 3)]);
    }

    #[test]
    fn the_refractory_time_hides_a_second_hump() {
        assert_eq!(events(RULES, &[0.9, 0.1, 0.9, 0.1, 0.1, 0.1]), [(0.9, 0, 0, 0)]);
        assert_eq!(events(RULES, &[0.9, 0.1, 0.1, 0.1, 0.8, 0.1]), [(0.9, 0, 0, 0), (0.8, 4, 4, 4)]);
    }

    #[test]
    fn without_a_fall_a_word_is_new_when_it_shares_no_sound() {
        let plateau: Vec<u64> = events(RULES, &[0.9; 14]).iter().map(|event| event.1).collect();
        assert_eq!(plateau, [0, 6, 12]);
    }

    #[test]
    fn a_refractory_time_of_zero_still_hears_a_word_once() {
        let rules = Rules { refractory: 0, ..RULES };
        assert_eq!(events(rules.clone(), &[0.9, 0.8, 0.8, 0.8, 0.8, 0.1]).len(), 1);
        assert_eq!(events(rules, &[0.9, 0.1, 0.9, 0.1]).len(), 2);
    }

    #[test]
    fn smoothing_averages_what_there_is() {
        let rules = Rules { smoothing: 3, ..RULES };
        assert_eq!(events(rules.clone(), &[0.6]), [(0.6, 0, 0, 0)]);
        assert!(events(rules.clone(), &[0.0, 0.0, 0.9, 0.0, 0.0]).is_empty());
        assert_eq!(events(rules, &[0.0, 0.75, 0.75, 0.75, 0.0, 0.0]), [(0.75, 3, 1, 3)]);
    }

    #[test]
    fn where_the_sound_goes_on_twice_as_many_windows_are_averaged() {
        let mut picker = PeakPicker::new(Rules { smoothing: 2, at_once: true, ..RULES });
        let mut told = |at, score, pauses| picker.push(at, score, pauses).map(|event| event.score);
        assert_eq!([told(0, 0.0, true), told(1, 0.0, false)], [None; 2]);
        assert_eq!(
            [told(2, 0.75, false), told(3, 0.75, false)],
            [None; 2],
            "0.75 of the last two, 0.375 of four"
        );
        assert_eq!(told(4, 0.75, false), Some(0.5625));
        let mut picker = PeakPicker::new(Rules { smoothing: 2, at_once: true, ..RULES });
        let scores = [0.0, 0.0, 0.75, 0.75];
        let told = scores.iter().zip(0..).find_map(|(&score, at)| picker.push(at, score, at == 3));
        assert_eq!(told.map(|event| (event.score, event.at, event.first)), Some((0.75, 3, 2)));
    }

    #[test]
    fn as_many_windows_in_a_row_must_fire_as_were_asked_for() {
        let rules = Rules { trigger: 2, ..RULES };
        assert!(events(rules.clone(), &[0.9, 0.1, 0.9, 0.1]).is_empty());
        assert_eq!(events(rules, &[0.1, 0.9, 0.8, 0.1, 0.1]), [(0.8, 2, 2, 2)]);
    }

    #[test]
    fn at_once_a_word_is_told_by_its_first_window_and_still_once() {
        let rules = Rules { at_once: true, ..RULES };
        let mut picker = PeakPicker::new(rules.clone());
        let told: Vec<bool> = [0.1, 0.6, 0.9, 0.7]
            .iter()
            .zip(0..)
            .map(|(&score, at)| picker.push(at, score, true).is_some())
            .collect();
        assert_eq!(told, [false, true, false, false]);
        assert_eq!(events(rules.clone(), &[0.1, 0.6, 0.9, 0.7, 0.1, 0.1]), [(0.6, 1, 1, 1)]);
        let plateau: Vec<u64> = events(rules, &[0.9; 14]).iter().map(|event| event.1).collect();
        assert_eq!(plateau, [0, 6, 12]);
        let twice = Rules { at_once: true, trigger: 2, smoothing: 2, ..RULES };
        assert_eq!(events(twice, &[0.1, 0.9, 0.8, 0.1, 0.1]), [(0.85, 2, 1, 2)]);
    }

    #[test]
    fn scores_that_are_not_numbers_are_no_events() {
        assert!(events(RULES, &[f32::NAN; 5]).is_empty());
    }
}
