//! Logits of windows that slide over a sound, as one row for each frame of the sound.

use std::ops::Range;

/// Most that a row holds against a token: what is less likely than that may be anything.
pub(super) const FLOOR: f32 = 6.0;

/// How much less likely each token is than the likeliest one: differences of logarithms, from -[`FLOOR`] to 0.
pub(super) fn row(logits: &[f32]) -> impl Iterator<Item = f32> + Clone {
    let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().map(move |logit| (logit - best).max(-FLOOR))
}

/// Takes from every window the frames in its middle, where it has most sound around them.
#[derive(Debug)]
pub(super) struct Middles {
    /// Samples from one frame to the next, and from one window to the next.
    frame: usize,
    hop: usize,
    /// Tokens of a row.
    width: usize,
    /// Frames that begin before this sample are told, or stand before the sound.
    told: i64,
    /// What the last window says of the frames behind that.
    rest: (i64, Vec<f32>),
}

impl Middles {
    pub(super) fn new(frame: usize, hop: usize, width: usize) -> Self {
        Middles { frame, hop, width, told: 0, rest: (0, Vec::new()) }
    }

    /// Gives the frames that this window tells: each with the sample at which it begins, and its logits. `window` begins at
    /// most a hop behind the one before. Silence before the sound is not told.
    pub(super) fn push(&mut self, window: &Range<i64>, logits: &[f32], mut tell: impl FnMut(u64, &[f32])) {
        let until = (window.start + window.end + self.hop as i64) / 2;
        let mut begin = window.start;
        self.rest = (until, Vec::new());
        for frame in logits.chunks(self.width) {
            if begin >= until {
                if self.rest.1.is_empty() {
                    self.rest.0 = begin;
                }
                self.rest.1.extend_from_slice(frame);
            } else if begin >= self.told {
                tell(begin as u64, frame);
            }
            begin += self.frame as i64;
        }
        self.told = until.max(0);
    }

    /// The sound is over: gives what the last window says of the frames that begin before `end`.
    pub(super) fn finish(&mut self, end: u64, mut tell: impl FnMut(u64, &[f32])) {
        let (mut begin, logits) = std::mem::take(&mut self.rest);
        for frame in logits.chunks(self.width) {
            if (0..end as i64).contains(&begin) {
                tell(begin as u64, frame);
            }
            begin += self.frame as i64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames that windows of 1600 samples tell, of whose frames each says the number of its window.
    fn told(hop: usize, windows: i64, end: u64) -> Vec<(u64, f32)> {
        let (mut middles, mut told) = (Middles::new(320, hop, 1), Vec::new());
        for number in 0..windows {
            let start = number * hop as i64;
            middles.push(&(start..start + 1600), &[number as f32; 5], |at, frame| told.push((at, frame[0])));
        }
        middles.finish(end, |at, frame| told.push((at, frame[0])));
        told
    }

    #[test]
    fn every_frame_is_told_once_by_the_window_that_has_it_in_the_middle() {
        let frames = told(640, 3, 2880);
        let begins: Vec<u64> = frames.iter().map(|frame| frame.0).collect();
        assert_eq!(begins, (0..9).map(|frame| frame * 320).collect::<Vec<_>>());
        let windows: Vec<f32> = frames.iter().map(|frame| frame.1).collect();
        assert_eq!(windows, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn a_hop_that_is_no_multiple_of_a_frame_leaves_no_gap() {
        let frames = told(500, 40, 500 * 39 + 1600);
        let steps = frames.windows(2).map(|pair| pair[1].0 - pair[0].0);
        assert!(steps.clone().all(|step| (1..=640).contains(&step)), "{:?}", steps.collect::<Vec<_>>());
        assert!(frames.len() as u64 >= (500 * 39 + 1600) / 320 - 2);
    }

    #[test]
    fn windows_that_come_sooner_leave_no_gap_and_tell_nothing_twice() {
        let (mut middles, mut begins) = (Middles::new(320, 960, 1), Vec::new());
        for start in [0, 960, 1600, 2240, 3200] {
            middles.push(&(start..start + 1600), &[0.0; 5], |at, _| begins.push(at));
        }
        middles.finish(4800, |at, _| begins.push(at));
        assert_eq!(begins, (0..15).map(|frame| frame * 320).collect::<Vec<_>>());
    }

    #[test]
    fn a_row_is_relative_and_bounded() {
        assert_eq!(row(&[1.0, 3.0, -9.0]).collect::<Vec<_>>(), [-2.0, 0.0, -FLOOR]);
    }
}
