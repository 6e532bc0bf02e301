//! Frames of a WAV file, decoded by hound, mixed to one channel at the file's own rate.

use std::io::{ErrorKind, Read};

use hound::{Sample, SampleFormat, WavSpec};

use super::error::AudioError;
use super::riff;

/// Lowest sampling rate read; telephones use 8000.
pub(super) const MIN_RATE: u32 = 1_000;
/// Highest sampling rate read; the fastest sound cards offer 384 000.
pub(super) const MAX_RATE: u32 = 384_000;
/// Most channels read; large microphone arrays have 64.
pub(super) const MAX_CHANNELS: u16 = 64;
/// Largest magnitude of a float sample, 48 dB above full scale: no recording reaches it, integers stored as floats do.
const MAX_LEVEL: f32 = 256.0;

/// What an end before the promised length means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// In a file: that a part is missing.
    Exact,
    /// In a pipe: that the sound is over. Programs that write into a pipe make the length up.
    Early,
}

/// Frames of one WAV file or stream.
pub(super) struct WavFrames<R> {
    sound: R,
    spec: WavSpec,
    ending: Ending,
    promised: Option<u64>,
    /// Frames read so far.
    frames: u64,
    /// The latest frame, as stored.
    frame: Vec<u8>,
}

impl<R: Read> WavFrames<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// The header is broken, or asks for what is not supported.
    pub(super) fn new(mut sound: R, ending: Ending) -> Result<Self, AudioError> {
        let riff::Riff { spec, frame_bytes, promised } = riff::read(&mut sound)?;
        if !(MIN_RATE..=MAX_RATE).contains(&spec.sample_rate) {
            return Err(AudioError::Rate { rate: spec.sample_rate });
        }
        if spec.channels > MAX_CHANNELS {
            return Err(AudioError::Channels { channels: spec.channels });
        }
        if !frame_bytes.is_multiple_of(spec.channels) {
            let what =
                format!("{frame_bytes} bytes hold no whole sample of each of {} channels", spec.channels);
            return Err(AudioError::Header { what });
        }
        Ok(WavFrames { sound, spec, ending, promised, frames: 0, frame: vec![0; usize::from(frame_bytes)] })
    }

    /// Frames per second.
    pub(super) fn rate(&self) -> u32 {
        self.spec.sample_rate
    }

    /// Frames that the header promises; `None` if it says that it does not know.
    pub(super) fn promised_frames(&self) -> Option<u64> {
        Some(self.promised? / self.frame.len() as u64)
    }

    /// Appends up to `frames` frames, each the mean of its channels; returns false once the sound is over.
    ///
    /// # Errors
    /// The file ends too soon, cannot be read, or holds samples that are no sound.
    pub(super) fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        for _ in 0..frames {
            if !self.fill_frame()? {
                return Ok(false);
            }
            out.push(self.mix()?);
            self.frames += 1;
        }
        Ok(true)
    }

    /// Reads the next frame's bytes; false at the end. A frame that a pipe leaves unfinished is dropped.
    fn fill_frame(&mut self) -> Result<bool, AudioError> {
        let consumed = self.frames * self.frame.len() as u64;
        if self.promised.is_some_and(|promised| consumed >= promised) {
            return Ok(false);
        }
        let mut filled = 0;
        while let Some(rest @ [_, ..]) = self.frame.get_mut(filled..) {
            match self.sound.read(rest) {
                Ok(0) => return self.end(consumed + filled as u64),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The sound ends after `consumed` bytes, before its promised length.
    fn end(&self, consumed: u64) -> Result<bool, AudioError> {
        match (self.ending, self.promised) {
            (Ending::Exact, Some(promised)) => {
                Err(AudioError::Truncated { promised, missing: promised - consumed })
            }
            _ => Ok(false),
        }
    }

    /// Mean over the channels of the latest frame.
    fn mix(&self) -> Result<f32, AudioError> {
        let channels = self.spec.channels;
        let mut sum = 0.0;
        for (channel, bytes) in self.frame.chunks_exact(self.frame.len() / usize::from(channels)).enumerate()
        {
            let value = self.decode(bytes)?;
            let at = self.frames * u64::from(channels) + channel as u64;
            if !value.is_finite() {
                return Err(AudioError::NonFinite { at });
            }
            if value.abs() > MAX_LEVEL {
                return Err(AudioError::Scale { at, value });
            }
            sum += value;
        }
        Ok(sum / f32::from(channels))
    }

    /// One sample: integers scaled to [-1, 1), floats as they are.
    fn decode(&self, mut bytes: &[u8]) -> Result<f32, AudioError> {
        let WavSpec { bits_per_sample: bits, sample_format, .. } = self.spec;
        let width = bytes.len() as u16; // part of a frame, whose length is a u16
        let value = match sample_format {
            SampleFormat::Float => f32::read(&mut bytes, sample_format, width, bits),
            SampleFormat::Int => i32::read(&mut bytes, sample_format, width, bits)
                .map(|sample| (f64::from(sample) / 2.0_f64.powi(i32::from(bits) - 1)) as f32),
        };
        value.map_err(|_| AudioError::Unsupported)
    }
}
