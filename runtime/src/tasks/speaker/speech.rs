//! Where in a recording somebody speaks.
//!
//! The measure is simple on purpose: powers of 20 ms frames, no spectrum. A frame is speech if it is loud enough in
//! itself, not far below the loud parts, and stands out from the quiet ones.

use std::ops::Range;

use crate::frontend::SAMPLE_RATE;
use crate::tasks::power::power;

/// Samples per frame: 20 ms.
pub(super) const FRAME: usize = 320;
/// The loud parts are those that this many frames reach: 0.2 s, longer than a click.
const LOUD_FRAMES: usize = 10;
/// Level of digital silence, in dB of full scale.
const FLOOR_DB: f32 = -120.0;
/// Recordings whose loud parts stay below this level, in dB of full scale, are silent: hiss of an open microphone.
pub(super) const SILENT_DB: f32 = -55.0;
/// Speech is not further below the loud parts than this, in dB.
const SPEECH_RANGE_DB: f32 = 30.0;
/// Speech stands out from the quietest tenth of the frames by this, in dB. A steady sound never does.
pub(super) const STANDS_OUT_DB: f32 = 6.0;
/// What is kept of the sound before and behind speech, in samples: 0.1 s, in which quiet consonants begin and end.
const MARGIN: usize = SAMPLE_RATE as usize / 10;

/// The speech frames of a recording, and the levels that tell them from the rest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Speech {
    /// Level that 0.2 s of the recording reach, in dB of full scale.
    pub(super) loud_db: f32,
    /// Level of the quietest tenth of the frames.
    pub(super) quiet_db: f32,
    /// Mean level of the speech frames; `loud_db` if there are none.
    pub(super) speech_db: f32,
    /// Numbers of the speech frames, in order.
    frames: Vec<usize>,
    /// Samples of the recording.
    length: usize,
}

impl Speech {
    /// Finds the speech in 16 kHz samples.
    pub(super) fn find(samples: &[f32]) -> Self {
        let powers: Vec<f32> = samples.chunks_exact(FRAME).map(power).collect();
        let mut sorted = powers.clone();
        sorted.sort_by(f32::total_cmp);
        let quiet_db = decibels(mean(sorted.get(..sorted.len().div_ceil(10)).unwrap_or_default()));
        let loud = sorted.len().saturating_sub(LOUD_FRAMES);
        let loud_db = decibels(sorted.get(loud).copied().unwrap_or(0.0));
        let least = SILENT_DB.max(loud_db - SPEECH_RANGE_DB).max(quiet_db + STANDS_OUT_DB);
        let numbered = powers.iter().copied().enumerate();
        let (frames, speech): (Vec<usize>, Vec<f32>) =
            numbered.filter(|&(_, power)| decibels(power) >= least).unzip();
        let speech_db = if speech.is_empty() { loud_db } else { decibels(mean(&speech)) };
        Speech { loud_db, quiet_db, speech_db, frames, length: samples.len() }
    }

    /// Samples in speech frames.
    pub(super) fn samples(&self) -> usize {
        self.frames.len() * FRAME
    }

    /// From the first speech to the last, without a margin.
    pub(super) fn extent(&self) -> Option<Range<usize>> {
        let (first, last) = self.frames.first().zip(self.frames.last())?;
        Some(first * FRAME..(last + 1) * FRAME)
    }

    /// The stretches of the recording that hold the speech, a margin around each. Pauses in which nothing but margins
    /// has room are part of a stretch, so a long pause is cut to two margins, and silence before and behind to one.
    pub(super) fn stretches(&self) -> Vec<Range<usize>> {
        let mut stretches: Vec<Range<usize>> = Vec::new();
        for frame in &self.frames {
            let start = (frame * FRAME).saturating_sub(MARGIN);
            let end = ((frame + 1) * FRAME + MARGIN).min(self.length);
            match stretches.last_mut() {
                Some(stretch) if start <= stretch.end => stretch.end = end,
                _ => stretches.push(start..end),
            }
        }
        stretches
    }
}

/// Where somebody speaks in 16 kHz samples, from the first speech to the last.
pub(crate) fn speech_in(samples: &[f32]) -> Option<Range<usize>> {
    Speech::find(samples).extent()
}

/// Mean of values, 0 for none.
fn mean(values: &[f32]) -> f32 {
    let sum: f64 = values.iter().copied().map(f64::from).sum();
    (sum / values.len().max(1) as f64) as f32
}

fn decibels(power: f32) -> f32 {
    (10.0 * power.log10()).max(FLOOR_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Silence of these many samples, then a loud sound, and so on by turns.
    fn sound(lengths: &[usize]) -> Vec<f32> {
        let mut samples = Vec::new();
        for (turn, &length) in lengths.iter().enumerate() {
            let height = if turn % 2 == 0 { 0.0 } else { 0.5 };
            samples.extend((0..length).map(|i| if i % 2 == 0 { height } else { -height }));
        }
        samples
    }

    #[test]
    fn silence_around_speech_is_cut_to_a_margin() {
        let speech = Speech::find(&sound(&[32_000, 6400, 64_000]));
        assert_eq!(speech.samples(), 6400);
        assert_eq!(speech.stretches(), std::slice::from_ref(&(30_400..40_000)));
        assert_eq!(speech.extent(), Some(32_000..38_400));
    }

    #[test]
    fn long_pauses_are_cut_to_two_margins_and_short_ones_stay() {
        let speech = Speech::find(&sound(&[0, 6400, 3200, 6400, 32_000, 6400]));
        assert_eq!(speech.stretches(), [0..17_600, 46_400..54_400]);
    }

    #[test]
    fn an_offset_does_not_matter() {
        let plain = sound(&[3200, 6400, 3200]);
        let shifted: Vec<f32> = plain.iter().map(|sample| sample + 0.25).collect();
        assert_eq!(Speech::find(&shifted).stretches(), Speech::find(&plain).stretches());
    }

    #[test]
    fn silence_holds_no_speech() {
        for samples in [&[][..], &[0.0; 100], &[0.25; 16_000]] {
            assert!(Speech::find(samples).stretches().is_empty());
            assert_eq!(Speech::find(samples).extent(), None);
        }
    }
}
