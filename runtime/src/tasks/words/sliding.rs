//! Sound that comes in pieces, as windows that slide over it.
//!
//! Silence stands before and behind it, so that as many windows hold its first word and its last one as any other. Samples are
//! counted from the beginning of that silence.

use std::collections::VecDeque;
use std::ops::Range;

use super::seconds_to_samples;

use crate::tasks::high_pass::HighPass;

/// From frame to frame of a published WavLM, in seconds: windows whole frames apart share them.
const FRAME_S: f32 = 0.02;
/// Windows that fit between two that are a hop apart.
const BETWEEN: usize = 2;

/// A part of a hop, in samples, and whole frames where the hop has room for them.
fn closer_step(hop: usize) -> usize {
    let (step, frame) = (hop / (BETWEEN + 1), seconds_to_samples(FRAME_S));
    if step < frame { step } else { step / frame * frame }
}

/// Sound from a margin before the last window on, and how far windows have come.
#[derive(Debug)]
pub(super) struct Sliding {
    /// Length of a window and the step to the next one, in samples.
    pub(super) window: usize,
    pub(super) hop: usize,
    /// The step where windows are looked at between two others.
    closer: usize,
    /// Samples of silence that stand before the sound, and behind it: whole hops.
    pub(super) silence: usize,
    /// Samples kept before the window that was scored last; a hop at least, for those between.
    margin: u64,
    filter: HighPass,
    /// Filtered samples from `kept_from` on.
    samples: Vec<f32>,
    kept_from: u64,
    received: u64,
    over: bool,
    /// First sample of the next window, and of the one that was scored last, of those a hop apart.
    next_start: u64,
    last_start: Option<u64>,
    /// Where those begin that are to be looked at between the last two.
    between: VecDeque<u64>,
}

impl Sliding {
    pub(super) fn new(window: usize, hop: usize, margin: usize) -> Self {
        // Every window holds a hop of the sound at least.
        let silence = window.saturating_sub(hop) / hop * hop;
        Sliding {
            window,
            hop,
            closer: closer_step(hop),
            silence,
            margin: margin.max(hop) as u64,
            filter: HighPass::default(),
            samples: vec![0.0; silence],
            kept_from: 0,
            received: silence as u64,
            over: false,
            next_start: 0,
            last_start: None,
            between: VecDeque::with_capacity(BETWEEN),
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
        let from = (self.next_start() - self.kept_from) as usize;
        if self.samples.len() < from + self.window {
            if !self.over || self.is_covered() {
                return None;
            }
            self.samples.resize(from + self.window, 0.0);
        }
        self.samples.get(from..from + self.window)
    }

    /// The window that [`Sliding::next`] gave has been scored.
    pub(super) fn step(&mut self) {
        if self.between.pop_front().is_none() {
            self.last_start = Some(self.next_start);
            self.next_start += self.hop as u64;
        }
    }

    /// The windows between the one that was scored last and the one a hop before it, if there is one, come next.
    pub(super) fn look_between(&mut self) {
        let before = self.last_start.and_then(|last| last.checked_sub(self.hop as u64));
        let closer = self.closer as u64;
        let starts = |before: u64| (1..=BETWEEN as u64).map(move |i| before + i * closer);
        self.between = before.into_iter().flat_map(starts).collect();
    }

    /// Whether the next window is one between two that have been scored.
    pub(super) fn is_between(&self) -> bool {
        !self.between.is_empty()
    }

    /// First sample of windows that are still to come, were they looked at between others.
    pub(super) fn earliest_start(&self) -> u64 {
        let closer = self.last_start.map(|last| last + self.closer as u64);
        self.between.front().copied().or(closer).unwrap_or_default()
    }

    /// Drops the sound that neither the next windows nor a margin before the last one need.
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
        self.between.front().copied().unwrap_or(self.next_start)
    }

    /// All of the sound has come, and windows have covered it.
    pub(super) fn is_done(&self) -> bool {
        self.over && self.is_covered() && !self.is_between()
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

    /// Where windows of 100 samples begin in the sound that is known so far.
    fn starts(sliding: &mut Sliding) -> Vec<i64> {
        let mut starts = Vec::new();
        while let Some(window) = sliding.next() {
            assert_eq!(window.len(), 100);
            starts.push(sliding.next_start() as i64 - sliding.silence as i64);
            sliding.step();
            sliding.forget();
        }
        starts
    }

    #[test]
    fn windows_come_every_hop_and_silence_stands_around_the_sound() {
        let mut sliding = Sliding::new(100, 25, 10);
        assert_eq!(starts(&mut sliding), []);
        sliding.push(&[0.5; 130]);
        assert_eq!(starts(&mut sliding), [-75, -50, -25, 0, 25]);
        sliding.finish();
        assert!(!sliding.is_done());
        assert_eq!(starts(&mut sliding), [50, 75, 100, 125]);
        assert!(sliding.is_done());
    }

    #[test]
    fn windows_between_the_last_two_come_next_and_then_it_goes_on() {
        let mut sliding = Sliding::new(100, 25, 10);
        sliding.look_between();
        assert!(!sliding.is_between(), "there is no last one");
        sliding.push(&[0.5; 50]);
        assert_eq!(starts(&mut sliding), [-75, -50]);
        sliding.look_between();
        assert_eq!((sliding.is_between(), sliding.earliest_start()), (true, 8));
        sliding.forget();
        assert_eq!(starts(&mut sliding), [-67, -59]);
        assert_eq!((sliding.is_between(), sliding.earliest_start()), (false, 33));
        sliding.finish();
        assert_eq!(starts(&mut sliding), [-25, 0, 25]);
        sliding.look_between();
        assert!(!sliding.is_done());
        assert_eq!(starts(&mut sliding), [8, 16]);
        assert!(sliding.is_done());
    }

    #[test]
    fn windows_between_others_are_whole_frames_apart_where_there_is_room() {
        assert_eq!([3840, 4000, 1000, 900, 160].map(closer_step), [1280, 1280, 320, 300, 53]);
    }

    #[test]
    fn no_sound_is_no_window() {
        let mut sliding = Sliding::new(100, 25, 10);
        sliding.finish();
        assert_eq!(starts(&mut sliding), []);
        assert!(sliding.is_done());
    }

    #[test]
    fn memory_does_not_grow() {
        let mut sliding = Sliding::new(16_000, 4000, 1600);
        for _ in 0..50 {
            sliding.push(&[0.1; 12_345]);
            while sliding.next().is_some() {
                sliding.step();
                sliding.forget();
            }
            assert!(sliding.samples.len() <= 2 * 4000 + 16_000 && sliding.samples.capacity() < 64_000);
        }
    }
}
