//! What lies below hearing, an offset or its slow drift, is taken out before a task looks at sound.
//!
//! Cheap microphones add an offset. It says nothing of the word or the voice, yet it counts as power, and a model that
//! scales its input to unit variance scales a drift with it.

use crate::frontend::SAMPLE_RATE;

/// Frequency, in hertz, at which half of the power passes: so far below the lowest voice that its phase stays as it is, to
/// which a model listens, too.
const CORNER_HZ: f32 = 3.0;

/// A filter of first order, which goes on where the last piece ended. Sound that begins with an offset gives no click.
#[derive(Clone, Debug, Default)]
pub(super) struct HighPass {
    /// The last sample that came in, and what went out for it.
    last: Option<(f32, f32)>,
}

impl HighPass {
    /// Appends the filtered samples to `out`.
    pub(super) fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let keep = 1.0 - std::f32::consts::TAU * CORNER_HZ / SAMPLE_RATE as f32;
        out.extend(samples.iter().map(|&sample| {
            let (before, filtered) = self.last.unwrap_or((sample, 0.0));
            let filtered = sample - before + keep * filtered;
            self.last = Some((sample, filtered));
            filtered
        }));
    }
}

/// A whole sound without its offset; `samples` are 16 kHz mono.
pub fn without_offset(samples: &[f32]) -> Vec<f32> {
    let mut filtered = Vec::with_capacity(samples.len());
    HighPass::default().push(samples, &mut filtered);
    filtered
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn sine(hertz: f32) -> Vec<f32> {
        (0..16_000).map(|i| 0.5 * (TAU * hertz * i as f32 / 16_000.0).sin()).collect()
    }

    fn loudest(samples: &[f32]) -> f32 {
        samples.iter().fold(0.0, |max, sample| max.max(sample.abs()))
    }

    #[test]
    fn an_offset_and_its_drift_are_removed() {
        assert!(loudest(&without_offset(&[0.25; 16_000])) == 0.0);
        let drift: Vec<f32> = (0..16_000).map(|i| i as f32 / 32_000.0).collect();
        assert!(loudest(&without_offset(&drift)) < 0.03);
    }

    #[test]
    fn a_voice_passes() {
        for hertz in [80.0, 200.0, 3000.0] {
            let height = loudest(&without_offset(&sine(hertz))[8000..]);
            assert!((height - 0.5).abs() < 0.01, "{hertz} Hz: {height}");
        }
    }

    #[test]
    fn the_lengths_of_pieces_do_not_matter() {
        let sound = sine(300.0);
        let (mut filter, mut out) = (HighPass::default(), Vec::new());
        sound.chunks(7).for_each(|piece| filter.push(piece, &mut out));
        assert_eq!(out, without_offset(&sound));
    }
}
