//! A stretch of sound between two pauses, scored as if it stood alone.
//!
//! The window that the model hears is longer than a word. Where two words share every window, neither is heard well in
//! any of them; each alone is.

use std::ops::Range;

/// A stretch that waits to be scored, at one place of the window after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CloseUp {
    /// The sound between the pauses, in samples.
    pub(super) sound: Range<u64>,
    /// The same with half of the pauses around it: quiet beginnings and ends are part of a word.
    pub(super) cut: Range<u64>,
    /// Labels that sliding windows hint at; others are not believed.
    hinted: Vec<usize>,
    /// Where in the window the stretch is to stand.
    places: Vec<usize>,
    /// Sum of the probabilities of each label at the first `scored` places.
    sums: Vec<f32>,
    scored: usize,
}

/// What a score leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// To be scored at the next place.
    Open,
    /// No word.
    Nothing,
    /// The label, and its mean probability.
    Word(usize, f32),
}

impl CloseUp {
    /// Places are those that a sliding window would give the stretch around the middle: as many as windows are averaged,
    /// a hop apart, all of it in the window.
    pub(super) fn new(
        sound: Range<u64>,
        cut: Range<u64>,
        hinted: Vec<usize>,
        window: usize,
        hop: usize,
        smoothing: usize,
    ) -> Self {
        let free = window.saturating_sub((cut.end - cut.start) as usize);
        let middle = free / 2;
        let mut places = vec![middle];
        for step in 1..smoothing.div_ceil(2) + 1 {
            let sides = [middle.saturating_sub(step * hop), (middle + step * hop).min(free)];
            places.extend(sides.into_iter().take(smoothing.saturating_sub(2 * step - 1)));
        }
        places.dedup();
        CloseUp { sound, cut, hinted, places, sums: Vec::new(), scored: 0 }
    }

    /// Where in the window the stretch stands next.
    pub(super) fn place(&self) -> usize {
        self.places.get(self.scored).copied().unwrap_or(0)
    }

    /// Takes the probabilities at [`CloseUp::place`]. A word's mean must reach `least` of its label; places that cannot
    /// change that are left out.
    pub(super) fn score(&mut self, probabilities: &[f32], least: impl Fn(usize) -> f32) -> Verdict {
        self.sums.resize(probabilities.len(), 0.0);
        for (sum, probability) in self.sums.iter_mut().zip(probabilities) {
            *sum += probability;
        }
        self.scored += 1;
        let (left, all) = ((self.places.len() - self.scored) as f32, self.places.len() as f32);
        let hinted = self.hinted.iter().filter_map(|&label| Some((label, *self.sums.get(label)?)));
        let best = hinted.max_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((label, sum)) if sum + left >= least(label) * all => {
                if left == 0.0 {
                    Verdict::Word(label, sum / all)
                } else {
                    Verdict::Open
                }
            }
            _ => Verdict::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close_up(length: u64, smoothing: usize) -> CloseUp {
        CloseUp::new(100..100 + length, 100..100 + length, vec![0, 2], 1000, 250, smoothing)
    }

    #[test]
    fn the_stretch_stands_where_sliding_windows_would_have_it() {
        assert_eq!(close_up(400, 1).places, [300]);
        assert_eq!(close_up(400, 2).places, [300, 50]);
        assert_eq!(close_up(400, 3).places, [300, 50, 550]);
        assert_eq!(close_up(800, 3).places, [100, 0, 200]);
        assert_eq!(close_up(1000, 3).places, [0]);
    }

    #[test]
    fn the_mean_over_all_places_decides() {
        let mut stretch = close_up(400, 3);
        assert_eq!(stretch.score(&[0.75, 0.25, 0.0], |_| 0.5), Verdict::Open);
        assert_eq!(stretch.place(), 50);
        assert_eq!(stretch.score(&[0.5, 0.5, 0.0], |_| 0.5), Verdict::Open);
        assert_eq!(stretch.score(&[0.25, 0.75, 0.0], |_| 0.5), Verdict::Word(0, 0.5));
    }

    #[test]
    fn what_cannot_be_a_word_any_more_is_given_up() {
        assert_eq!(close_up(400, 3).score(&[0.4, 0.6, 0.0], |_| 0.9), Verdict::Nothing);
        assert_eq!(close_up(400, 1).score(&[0.1, 0.9, 0.0], |_| 0.5), Verdict::Nothing, "not hinted at");
        assert_eq!(close_up(400, 1).score(&[f32::NAN; 3], |_| 0.5), Verdict::Nothing);
    }
}
