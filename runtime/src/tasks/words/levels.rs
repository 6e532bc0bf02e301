//! How loud the latest sound was, in frames of 10 ms: enough to tell a word from the silence around it.

use std::collections::VecDeque;

/// Samples per frame: 10 ms.
const FRAME: u64 = 160;

/// Frames this far below the loudest one, as a ratio of powers (30 dB), are not part of a word.
const QUIET: f32 = 1e-3;

/// Powers of the latest frames.
#[derive(Debug)]
pub(super) struct Levels {
    /// Oldest first.
    powers: VecDeque<f32>,
    /// Frames that `powers` holds at most.
    capacity: usize,
    /// Frames dropped from the front.
    dropped: u64,
    /// Sum of squares and number of samples of the unfinished frame.
    sum: f32,
    count: u64,
}

impl Levels {
    /// Remembers at least the latest `samples` samples.
    pub(super) fn new(samples: usize) -> Self {
        let capacity = samples.div_ceil(FRAME as usize) + 1;
        Levels { powers: VecDeque::with_capacity(capacity), capacity, dropped: 0, sum: 0.0, count: 0 }
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            self.sum += sample * sample;
            self.count += 1;
            if self.count == FRAME {
                if self.powers.len() == self.capacity {
                    self.powers.pop_front();
                    self.dropped += 1;
                }
                self.powers.push_back(self.sum);
                (self.sum, self.count) = (0.0, 0);
            }
        }
    }

    /// `start..end`, in samples, without the quiet frames at both ends; unchanged where nothing is remembered or heard.
    pub(super) fn trim(&self, start: u64, end: u64) -> (u64, u64) {
        let frames = || {
            (self.dropped..)
                .zip(&self.powers)
                .filter(|&(frame, _)| frame * FRAME >= start && (frame + 1) * FRAME <= end)
        };
        let loudest = frames().fold(0.0, |max: f32, (_, &power)| max.max(power));
        let mut loud = frames().filter(|&(_, &power)| power > loudest * QUIET).map(|(frame, _)| frame);
        let Some(first) = loud.next() else { return (start, end) };
        let last = loud.last().unwrap_or(first);
        (first * FRAME, (last + 1) * FRAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_a_sound_is_cut() {
        let mut levels = Levels::new(16_000);
        levels.push(&[0.001; 3200]);
        levels.push(&[0.5; 1600]);
        levels.push(&[0.0; 3200]);
        assert_eq!(levels.trim(0, 8000), (3200, 4800));
        assert_eq!(levels.trim(3500, 8000), (3520, 4800));
    }

    #[test]
    fn silence_alone_is_left_as_it_is() {
        let mut levels = Levels::new(16_000);
        levels.push(&[0.0; 8000]);
        assert_eq!(levels.trim(10, 8000), (10, 8000));
        assert_eq!(levels.trim(9000, 9100), (9000, 9100));
    }

    #[test]
    fn only_the_latest_sound_is_remembered() {
        let mut levels = Levels::new(1600);
        for _ in 0..1000 {
            levels.push(&[0.5; 333]);
        }
        assert_eq!(levels.powers.len(), levels.capacity);
        assert_eq!(levels.trim(0, 333_000).1, 333_000 / FRAME * FRAME);
    }
}
