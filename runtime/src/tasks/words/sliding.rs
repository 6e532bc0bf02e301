//! Sound that comes in pieces, as windows that slide over it.
//!
//! Silence stands before and behind it, so that as many windows hold its first word and its last one as any other. Samples are
//! counted from the beginning of that silence.

use std::ops::Range;

use crate::tasks::high_pass::HighPass;

/// Sound from a margin before the last window on, and how far windows have come.
#[derive(Debug)]
pub(super) struct Sliding {
    /// Length of a window and longest step between windows, in samples.
    pub(super) window: usize,
    pub(super) hop: usize,
    /// Samples of silence that stand before the sound, and behind it: whole hops.
    pub(super) silence: usize,
    /// Samples kept before the window that was scored last.
    margin: u64,
    filter: HighPass,
    /// Filtered samples from `kept_from` on.
    samples: Vec<f32>,
    kept_from: u64,
    received: u64,
    over: bool,
    /// First sample of the next window, and of the one that was scored last.
    next_start: u64,
    last_start: Option<u64>,
}

impl Sliding {
    pub(super) fn new(window: usize, hop: usize, margin: usize) -> Self {
        // Every window holds a hop of the sound at least.
        let silence = window.saturating_sub(hop) / hop * hop;
        Sliding {
            window,
            hop,
            silence,
            margin: margin as u64,
            filter: HighPass::default(),
            samples: vec![0.0; silence],
            kept_from: 0,
            received: silence as u64,
            over: false,
            next_start: 0,
            last_start: None,
        }
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        self.filter.push(samples, &mut self.samples);
        self.received += samples.len() as u64;
    }

    /// No more sound will come.
    pub(super) fn finish(&mut self) {
        if !self.over && !self.is_empty() {
            self.samples.resize(self.samples.len() + self.silence, 0.0);
            self.received += self.silence as u64;
        }
        self.over = true;
    }

    /// The next window, if all of it has come, or if the sound is over and no window has covered the rest.
    pub(super) fn next(&mut self) -> Option<&[f32]> {
        let from = (self.next_start - self.kept_from) as usize;
        if self.samples.len() < from + self.window {
            if !self.over || self.is_covered() {
                return None;
            }
            self.samples.resize(from + self.window, 0.0);
        }
        self.samples.get(from..from + self.window)
    }

    /// The window that [`Sliding::next`] gave has been scored, and the one after it begins so many samples later; at most a
    /// hop.
    pub(super) fn step(&mut self, samples: usize) {
        self.last_start = Some(self.next_start);
        self.next_start += samples.min(self.hop) as u64;
    }

    /// Drops the sound that neither the next window nor a margin before the last one needs.
    pub(super) fn forget(&mut self) {
        let keep_from = self.last_start.unwrap_or(0).saturating_sub(self.margin);
        let surplus = ((keep_from - self.kept_from) as usize).min(self.samples.len());
        self.samples.drain(..surplus);
        self.kept_from += surplus as u64;
    }

    /// What is kept of a range of the sound.
    pub(super) fn sound(&self, range: &Range<u64>) -> &[f32] {
        let place = |at: u64| (at.saturating_sub(self.kept_from) as usize).min(self.samples.len());
        self.samples.get(place(range.start)..place(range.end)).unwrap_or_default()
    }

    /// Samples that have come, with the silence.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// First sample of the next window.
    pub(super) fn next_start(&self) -> u64 {
        self.next_start
    }

    /// All of the sound has come, and windows have covered it.
    pub(super) fn is_done(&self) -> bool {
        self.over && self.is_covered()
    }

    fn is_covered(&self) -> bool {
        self.is_empty() || self.last_start.is_some_and(|start| self.received <= start + self.window as u64)
    }

    fn is_empty(&self) -> bool {
        self.received <= self.silence as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where windows of 100 samples begin in the sound that is known so far, this far apart.
    fn starts(sliding: &mut Sliding, step: usize) -> Vec<i64> {
        let mut starts = Vec::new();
        while let Some(window) = sliding.next() {
            assert_eq!(window.len(), 100);
            starts.push(sliding.next_start() as i64 - sliding.silence as i64);
            sliding.step(step);
            sliding.forget();
        }
        starts
    }

    #[test]
    fn windows_come_every_hop_and_silence_stands_around_the_sound() {
        let mut sliding = Sliding::new(100, 25, 10);
        assert_eq!(starts(&mut sliding, 25), []);
        sliding.push(&[0.5; 130]);
        assert_eq!(starts(&mut sliding, 25), [-75, -50, -25, 0, 25]);
        sliding.finish();
        assert!(!sliding.is_done());
        assert_eq!(starts(&mut sliding, 25), [50, 75, 100, 125]);
        assert!(sliding.is_done());
    }

    #[test]
    fn windows_may_come_sooner_and_never_later_than_a_hop() {
        let mut sliding = Sliding::new(100, 25, 10);
        sliding.push(&[0.5; 75]);
        assert_eq!(starts(&mut sliding, 16), [-75, -59, -43, -27]);
        sliding.push(&[0.5; 50]);
        assert_eq!(starts(&mut sliding, 40), [-11, 14]);
        sliding.finish();
        assert_eq!(starts(&mut sliding, 25), [39, 64, 89, 114]);
        assert!(sliding.is_done());
    }

    #[test]
    fn no_sound_is_no_window() {
        let mut sliding = Sliding::new(100, 25, 10);
        sliding.finish();
        assert_eq!(starts(&mut sliding, 25), []);
        assert!(sliding.is_done());
    }

    #[test]
    fn memory_does_not_grow() {
        let mut sliding = Sliding::new(16_000, 4000, 1600);
        for _ in 0..50 {
            sliding.push(&[0.1; 12_345]);
            while sliding.next().is_some() {
                sliding.step(4000);
                sliding.forget();
            }
            assert!(sliding.samples.len() <= 1600 + 4000 + 16_000 && sliding.samples.capacity() < 64_000);
        }
    }
}
