//! Endings, frame by frame, become events: one for each time that a phrase is said.

use super::search::Ending;

/// An event: the best ending of a phrase around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Event {
    /// The ending.
    pub(super) ending: Ending,
    /// The sample at which the last phone's frame begins.
    pub(super) at: u64,
}

impl Event {
    /// Of two phrases over the same sound, the one with more evidence is believed: a long one goes before its own part.
    fn weight(&self) -> f32 {
        self.ending.score * self.ending.phones as f32
    }

    fn shares_sound_with(&self, other: &Event) -> bool {
        self.ending.since <= other.at && other.ending.since <= self.at
    }
}

/// Finds the best endings.
#[derive(Debug)]
pub(super) struct Ends {
    /// Smallest score of each phrase.
    thresholds: Vec<f32>,
    /// An ending is final when no better one has come for so many samples.
    patience: u64,
    /// The best endings that are not final.
    open: Vec<Event>,
    /// Phrases that begin before this sample are told, or have lost.
    told: u64,
}

impl Ends {
    pub(super) fn new(thresholds: Vec<f32>, patience: u64) -> Self {
        Ends { thresholds, patience, open: Vec::new(), told: 0 }
    }

    /// Takes the endings at the frame that begins at this sample, and returns the events that are certain now.
    pub(super) fn push(&mut self, at: u64, endings: impl Iterator<Item = Ending>) -> Vec<Event> {
        for ending in endings {
            let least = self.thresholds.get(ending.phrase).copied().unwrap_or(f32::INFINITY);
            if ending.score >= least && ending.since >= self.told {
                self.add(Event { ending, at });
            }
        }
        let patience = self.patience;
        self.settle(|event| at - event.at >= patience)
    }

    /// No more frames: the events that are left.
    pub(super) fn finish(&mut self) -> Vec<Event> {
        self.settle(|_| true)
    }

    fn add(&mut self, event: Event) {
        match self.open.iter_mut().find(|open| open.ending.phrase == event.ending.phrase) {
            Some(open) if event.ending.score > open.ending.score => *open = event,
            Some(_) => {}
            None => self.open.push(event),
        }
    }

    /// The events that are final, in the order of the sound. One that shares sound with a better one waits until that is told.
    fn settle(&mut self, is_final: impl Fn(&Event) -> bool) -> Vec<Event> {
        self.open.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        let (mut settled, mut open) = (Vec::new(), Vec::new());
        for event in self.open.drain(..) {
            let beats = |better: &Event| better.shares_sound_with(&event);
            if settled.iter().any(beats) {
                continue;
            }
            let waits = open.iter().any(beats) || !is_final(&event);
            if waits { &mut open } else { &mut settled }.push(event);
        }
        self.open = open;
        self.told = settled.iter().map(|event| event.at + 1).fold(self.told, u64::max);
        settled.sort_by_key(|event| event.at);
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events of endings: (frame, phrase, score, phones, since). The threshold is 0.5, the patience 3 frames.
    fn events(endings: &[(u64, usize, f32, usize, u64)], frames: u64) -> Vec<(usize, u64, u64)> {
        let mut ends = Ends::new(vec![0.5; 3], 3);
        let mut told = Vec::new();
        for at in 0..frames {
            let here = endings.iter().filter(|ending| ending.0 == at);
            let here = here.map(|&(_, phrase, score, phones, since)| Ending { phrase, score, phones, since });
            let events = ends.push(at, here);
            told.extend(events.iter().map(|event| (event.ending.phrase, event.at, at)));
        }
        told.extend(ends.finish().iter().map(|event| (event.ending.phrase, event.at, frames)));
        told
    }

    #[test]
    fn the_best_ending_is_told_once_no_better_one_has_come() {
        let endings = [(4, 0, 0.6, 5, 0), (5, 0, 0.8, 5, 0), (6, 0, 0.7, 5, 0), (9, 0, 0.6, 5, 0)];
        assert_eq!(events(&endings, 20), [(0, 5, 8)]);
        assert_eq!(events(&[(4, 0, 0.4, 5, 0)], 20), []);
        assert_eq!(events(&endings, 7), [(0, 5, 7)], "the end of the sound tells it, too");
    }

    #[test]
    fn what_is_said_again_is_told_again() {
        assert_eq!(events(&[(5, 0, 0.6, 5, 0), (15, 0, 0.8, 5, 10)], 30), [(0, 5, 8), (0, 15, 18)]);
    }

    #[test]
    fn one_stretch_of_sound_is_one_phrase() {
        assert_eq!(events(&[(5, 0, 0.6, 5, 0), (5, 1, 0.7, 5, 1)], 20), [(1, 5, 8)]);
        let part_of_a_longer_one = [(5, 0, 0.9, 4, 2), (7, 1, 0.6, 8, 0)];
        assert_eq!(events(&part_of_a_longer_one, 20), [(1, 7, 10)]);
        let beside_each_other = [(5, 0, 0.9, 4, 2), (7, 1, 0.6, 2, 6)];
        assert_eq!(events(&beside_each_other, 20), [(0, 5, 8), (1, 7, 10)]);
    }
}
