//! Any sampling rate to 16 kHz, block by block, without delay and with the right length.
//!
//! The blocks are rubato's: an FFT resampler whose filter is as long as a block. Its delay of half a block is cut from
//! the front, and silence pushes the last of the sound out, so sample `i` of the output lies at `i / 16000` seconds of
//! the input, and `n` frames at `rate` become `ceil(n * 16000 / rate)` samples.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use super::SAMPLE_RATE;
use super::error::AudioError;

/// Output frames of a block, at least: 64 ms. The anti-aliasing filter then passes 98 % of the band.
const BLOCK: u64 = 1024;

/// Turns frames at one rate into samples at 16 kHz.
pub(super) struct Resampler {
    rate: u32,
    /// Absent if the rate is right already.
    fft: Option<Fft<f32>>,
    /// Frames that do not fill a block yet.
    pending: Vec<f32>,
    /// One block of output.
    block: Vec<f32>,
    /// Samples of the filter's delay still to be cut.
    delay: usize,
    frames_in: u64,
    samples_out: u64,
}

impl Resampler {
    /// A resampler from `rate` frames per second.
    ///
    /// # Errors
    /// rubato refuses the rate; it takes every rate that a [`WavFrames`](super::wav::WavFrames) accepts.
    pub(super) fn new(rate: u32) -> Result<Self, AudioError> {
        let fft = if rate == SAMPLE_RATE { None } else { Some(fft(rate)?) };
        let block = vec![0.0; fft.as_ref().map_or(0, |fft| fft.output_frames_max())];
        let delay = fft.as_ref().map_or(0, |fft| fft.output_delay());
        Ok(Resampler { rate, fft, pending: Vec::new(), block, delay, frames_in: 0, samples_out: 0 })
    }

    /// Takes frames and appends the samples that they complete.
    ///
    /// # Errors
    /// rubato fails, which it has no reason to.
    pub(super) fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) -> Result<(), AudioError> {
        self.frames_in += frames.len() as u64;
        let Some(fft) = &mut self.fft else {
            out.extend_from_slice(frames);
            return Ok(());
        };
        self.pending.extend_from_slice(frames);
        let mut used = 0;
        while let Some(input) = self.pending.get(used..used + fft.input_frames_next()) {
            let (frames, samples) = convert(fft, self.rate, input, &mut self.block)?;
            used += frames;
            let cut = self.delay.min(samples);
            self.delay -= cut;
            out.extend_from_slice(self.block.get(cut..samples).unwrap_or_default());
            self.samples_out += (samples - cut) as u64;
        }
        self.pending.drain(..used);
        Ok(())
    }

    /// Appends what is still inside; nothing may be pushed afterwards.
    ///
    /// # Errors
    /// As [`Resampler::push`].
    pub(super) fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        if self.fft.is_none() {
            return Ok(());
        }
        let length = (self.frames_in * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        let silence = vec![0.0; self.fft.as_ref().map_or(0, |fft| fft.input_frames_max())];
        while self.samples_out < length {
            self.push(&silence, out)?;
        }
        let excess = usize::try_from(self.samples_out - length).unwrap_or(usize::MAX);
        out.truncate(out.len().saturating_sub(excess));
        Ok(())
    }
}

/// Both block lengths are even, so that half a block, the delay, is a whole number of frames on either side.
fn fft(rate: u32) -> Result<Fft<f32>, AudioError> {
    let (from, to) = (u64::from(rate), u64::from(SAMPLE_RATE));
    let common = gcd(from, to);
    let repeats = BLOCK.div_ceil(to / common).next_multiple_of(2);
    let frames = usize::try_from(repeats * from / common).unwrap_or(usize::MAX);
    Fft::new(rate as usize, SAMPLE_RATE as usize, frames, 1, FixedSync::Both)
        .map_err(|error| AudioError::Resample { rate, why: error.to_string() })
}

fn convert(
    fft: &mut Fft<f32>,
    rate: u32,
    input: &[f32],
    output: &mut [f32],
) -> Result<(usize, usize), AudioError> {
    let refused = |why: String| AudioError::Resample { rate, why };
    let (frames, room) = (input.len(), output.len());
    let source = SequentialSlice::new(input, 1, frames).map_err(|error| refused(error.to_string()))?;
    let mut sink = SequentialSlice::new_mut(output, 1, room).map_err(|error| refused(error.to_string()))?;
    fft.process_into_buffer(&source, &mut sink, None).map_err(|error| refused(error.to_string()))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Largest deviation from the ideal sine, away from the borders: the filter's ripple and f32 rounding.
    const RIPPLE: f32 = 1e-3;
    /// Samples at either end that a filter with half a block of silence around the sound may bend.
    const BORDER: usize = 700;

    fn sine(rate: u32, hertz: f64, frames: usize) -> Vec<f32> {
        (0..frames).map(|i| (0.5 * (TAU * hertz * i as f64 / f64::from(rate)).sin()) as f32).collect()
    }

    fn resample(rate: u32, frames: &[f32], chunk: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(rate).expect("a supported rate");
        let mut out = Vec::new();
        for part in frames.chunks(chunk) {
            resampler.push(part, &mut out).expect("frames");
        }
        resampler.finish(&mut out).expect("the end");
        out
    }

    #[test]
    fn a_sine_keeps_its_place_its_height_and_its_length() {
        for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000, 384_000]
        {
            for hertz in [100.0, 1000.0, 3000.0] {
                let frames = rate as usize + 7;
                let out = resample(rate, &sine(rate, hertz, frames), 1000);
                let length = (frames as u64 * 16_000).div_ceil(u64::from(rate)) as usize;
                assert_eq!(out.len(), length, "{rate} Hz");
                let ideal = sine(SAMPLE_RATE, hertz, length);
                for (i, (x, y)) in out.iter().zip(&ideal).enumerate().skip(BORDER).take(length - 2 * BORDER) {
                    assert!(
                        (x - y).abs() < RIPPLE,
                        "{rate} Hz, sine of {hertz} Hz, sample {i}: {x} and not {y}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_16_khz_cannot_hold_is_removed() {
        let out = resample(48_000, &sine(48_000, 12_000.0, 48_000), 48_000);
        let loudest = out[BORDER..15_000].iter().fold(0.0_f32, |max, x| max.max(x.abs()));
        assert!(loudest < RIPPLE, "an alias of height {loudest}");
    }

    #[test]
    fn the_lengths_of_chunks_do_not_matter() {
        let frames = sine(44_100, 440.0, 30_000);
        let whole = resample(44_100, &frames, 30_000);
        for chunk in [1, 441, 1000, 4096] {
            assert_eq!(resample(44_100, &frames, chunk), whole, "chunks of {chunk}");
        }
    }

    #[test]
    fn a_few_frames_are_enough() {
        for frames in 1..10 {
            assert_eq!(resample(48_000, &vec![0.5; frames], 3).len(), frames.div_ceil(3));
            assert_eq!(resample(8_000, &vec![0.5; frames], 3).len(), frames * 2);
        }
        assert!(resample(48_000, &[], 1).is_empty());
    }
}
