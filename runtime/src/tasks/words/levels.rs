//! How loud the latest sound was, in frames of 10 ms: enough to tell a word from the silence around it, and from the
//! next word.

use std::collections::VecDeque;
use std::ops::Range;

use crate::tasks::power::power;

/// Samples per frame: 10 ms.
const FRAME: u64 = 160;
/// Samples of the shortest pause: 30 ms. The closure before a `t` is as long, so a word may be several bursts.
pub(super) const PAUSE: u64 = 3 * FRAME;

/// Frames this far below the loudest one, as a ratio of powers (30 dB), are not part of a word.
const QUIET: f32 = 1e-3;
/// Frames this far below the loudest one, as a ratio of powers (20 dB), may be a pause.
const LULL: f32 = 1e-2;

/// Sound whose last frames are all this far below the loudest one, as a ratio of powers (10 dB), pauses at its end: a room's
/// echo and its noise are no louder.
const HUSH: f32 = 0.1;
/// How many frames that are: 80 ms.
const HUSHED: u64 = 8;

/// Powers of the latest frames.
#[derive(Debug)]
pub(super) struct Levels {
    /// Oldest first.
    powers: VecDeque<f32>,
    /// Frames that `powers` holds at most.
    capacity: usize,
    /// Frames dropped from the front.
    dropped: u64,
    /// The unfinished frame.
    pending: Vec<f32>,
}

impl Levels {
    /// Remembers at least the latest `samples` samples.
    pub(super) fn new(samples: usize) -> Self {
        let capacity = samples.div_ceil(FRAME as usize) + 1;
        Levels {
            powers: VecDeque::with_capacity(capacity),
            capacity,
            dropped: 0,
            pending: Vec::with_capacity(FRAME as usize),
        }
    }

    pub(super) fn push(&mut self, mut samples: &[f32]) {
        while let Some((part, rest)) =
            samples.split_at_checked((FRAME as usize - self.pending.len()).min(samples.len()))
        {
            self.pending.extend_from_slice(part);
            samples = rest;
            if self.pending.len() < FRAME as usize {
                break;
            }
            if self.powers.len() == self.capacity {
                self.powers.pop_front();
                self.dropped += 1;
            }
            self.powers.push_back(power(&self.pending));
            self.pending.clear();
        }
    }

    /// Samples taken so far.
    pub(super) fn received(&self) -> u64 {
        (self.dropped + self.powers.len() as u64) * FRAME + self.pending.len() as u64
    }

    /// `start..end`, in samples, without the quiet frames at both ends; unchanged where nothing is remembered or heard.
    pub(super) fn trim(&self, start: u64, end: u64) -> (u64, u64) {
        let loudest = self.loudest(start, end);
        let mut loud =
            self.frames(start, end).filter(|&(_, power)| power > loudest * QUIET).map(|(frame, _)| frame);
        let Some(first) = loud.next() else { return (start, end) };
        let last = loud.last().unwrap_or(first);
        (first * FRAME, (last + 1) * FRAME)
    }

    /// The stretches of sound, in samples, that pauses separate within `start..end`. Frames count as pauses by their
    /// distance from the loudest one from `reference` on. A stretch at either end may go on beyond it.
    pub(super) fn bursts(&self, start: u64, end: u64, reference: u64) -> Vec<Range<u64>> {
        let pause = self.loudest(reference, end) * LULL;
        let mut bursts: Vec<Range<u64>> = Vec::new();
        for (frame, _) in self.frames(start, end).filter(|&(_, power)| power > pause) {
            match bursts.last_mut() {
                Some(burst) if frame * FRAME < burst.end + PAUSE => {
                    burst.end = (frame + 1) * FRAME;
                }
                _ => bursts.push(frame * FRAME..(frame + 1) * FRAME),
            }
        }
        bursts
    }

    /// Whether the sound in `start..end` pauses at its end; so it does where nothing is heard.
    pub(super) fn pauses_at_the_end(&self, start: u64, end: u64) -> bool {
        self.loudest(end.saturating_sub(HUSHED * FRAME), end) <= self.loudest(start, end) * HUSH
    }

    fn loudest(&self, start: u64, end: u64) -> f32 {
        self.frames(start, end).fold(0.0, |max, (_, power)| max.max(power))
    }

    /// The remembered frames that lie in `start..end`, with their powers.
    fn frames(&self, start: u64, end: u64) -> impl Iterator<Item = (u64, f32)> {
        let remembered = self.dropped + self.powers.len() as u64;
        let first = start.div_ceil(FRAME).clamp(self.dropped, remembered);
        let last = (end / FRAME).clamp(first, remembered);
        let range = (first - self.dropped) as usize..(last - self.dropped) as usize;
        (first..).zip(self.powers.range(range).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square wave: its power is its height squared, and its offset 0.
    fn tone(height: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|i| if i % 2 == 0 { height } else { -height }).collect()
    }

    fn levels(pieces: &[(f32, usize)], offset: f32) -> Levels {
        let mut levels = Levels::new(32_000);
        for &(height, samples) in pieces {
            let piece: Vec<f32> = tone(height, samples).iter().map(|sample| sample + offset).collect();
            levels.push(&piece);
        }
        levels
    }

    #[test]
    fn silence_around_a_sound_is_cut() {
        for offset in [0.0, 0.25, -0.9] {
            let levels = levels(&[(0.001, 3200), (0.5, 1600), (0.0, 3200)], offset);
            assert_eq!(levels.trim(0, 8000), (3200, 4800));
            assert_eq!(levels.trim(3500, 8000), (3520, 4800));
        }
    }

    #[test]
    fn a_pause_at_the_end_is_as_long_as_one_between_words() {
        let spoken = |quiet: usize| levels(&[(0.02, 8000), (0.5, 4800), (0.1, quiet)], 0.0);
        assert!(spoken(1280).pauses_at_the_end(0, 12_800 + 1280));
        assert!(!spoken(1280).pauses_at_the_end(0, 12_800 + 1120));
        assert!(!spoken(1280).pauses_at_the_end(13_000, 12_800 + 1280), "what is loud is not in it");
        assert!(levels(&[(0.0, 8000)], 0.0).pauses_at_the_end(0, 8000));
    }

    #[test]
    fn silence_alone_is_left_as_it_is() {
        let levels = levels(&[(0.0, 8000)], 0.1);
        assert_eq!(levels.trim(10, 8000), (10, 8000));
        assert_eq!(levels.trim(9000, 9100), (9000, 9100));
        assert!(levels.bursts(0, 8000, 0).is_empty());
    }

    #[test]
    fn pauses_separate_bursts_and_closures_of_20_ms_do_not() {
        let pieces =
            [(0.01, 1600), (0.5, 1600), (0.01, 480), (0.3, 800), (0.01, 320), (0.3, 800), (0.02, 3200)];
        let levels = levels(&pieces, 0.25);
        assert_eq!(levels.bursts(0, 8800, 0), [1600..3200, 3680..5600]);
        assert_eq!(levels.bursts(2000, 5000, 2000), [2080..3200, 3680..4960]);
        // Where nothing louder is near, the quiet sound is itself a burst.
        assert_eq!(levels.bursts(5600, 8800, 5600), std::slice::from_ref(&(5600..8800)));
        assert_eq!(levels.bursts(5600, 8800, 1600), []);
    }

    #[test]
    fn only_the_latest_sound_is_remembered() {
        let mut levels = Levels::new(1600);
        for _ in 0..1000 {
            levels.push(&tone(0.5, 333));
        }
        assert_eq!(levels.powers.len(), levels.capacity);
        assert_eq!(levels.trim(0, 333_000).1, 333_000 / FRAME * FRAME);
    }
}
