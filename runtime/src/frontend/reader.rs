//! Sound from a file or a pipe as 16 kHz mono, piece by piece.

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use super::SAMPLE_RATE;
use super::error::AudioError;
use super::resample::Resampler;
use super::wav::{Ending, WavFrames};

/// Longest recording that [`read_clip`] holds in memory, in seconds: an hour, 230 MB.
pub const MAX_CLIP_SECONDS: u32 = 3600;

/// Pieces per second: 20 ms, short enough to listen live.
const PIECES_PER_SECOND: u32 = 50;

/// Sound that arrives piece by piece; memory does not grow with its length.
pub struct AudioReader {
    source: Source,
    resampler: Resampler,
    /// One piece at the source's own rate.
    frames: Vec<f32>,
    received: u64,
    over: bool,
}

enum Source {
    Wav(WavFrames<Box<dyn Read + Send>>),
    /// 16-bit signed little-endian samples, 16 kHz, one channel, no header.
    Raw(Box<dyn Read + Send>),
}

impl AudioReader {
    /// Opens a WAV file and reads its header. A file shorter than its header promises is an error when its end is read.
    ///
    /// # Errors
    /// The file cannot be read, is no WAV file, or is one that is not supported.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        AudioReader::wav(Box::new(BufReader::new(File::open(path)?)), Ending::Exact)
    }

    /// Reads a stream: WAV if it starts with `RIFF`, else raw 16-bit signed little-endian samples at 16 kHz.
    ///
    /// A WAV stream may end before the length in its header, because a program that writes into a pipe makes it up.
    ///
    /// # Errors
    /// As [`AudioReader::open`].
    pub fn from_stream(mut stream: impl Read + Send + 'static) -> Result<Self, AudioError> {
        let mut start = Vec::new();
        stream.by_ref().take(4).read_to_end(&mut start)?;
        let is_wav = start == b"RIFF";
        let stream: Box<dyn Read + Send> = Box::new(BufReader::new(Cursor::new(start).chain(stream)));
        if is_wav {
            return AudioReader::wav(stream, Ending::Early);
        }
        AudioReader::new(Source::Raw(stream), SAMPLE_RATE)
    }

    fn wav(stream: Box<dyn Read + Send>, ending: Ending) -> Result<Self, AudioError> {
        let wav = WavFrames::new(stream, ending)?;
        let rate = wav.rate();
        AudioReader::new(Source::Wav(wav), rate)
    }

    fn new(source: Source, rate: u32) -> Result<Self, AudioError> {
        Ok(AudioReader {
            source,
            resampler: Resampler::new(rate)?,
            frames: Vec::new(),
            received: 0,
            over: false,
        })
    }

    /// Length that the header promises, in seconds; `None` where there is no header or it does not know.
    pub fn promised_seconds(&self) -> Option<f64> {
        match &self.source {
            Source::Wav(wav) => Some(wav.promised_frames()? as f64 / f64::from(wav.rate())),
            Source::Raw(_) => None,
        }
    }

    /// Appends the next piece to `out`; it may be empty while the resampler fills. Returns false after the last one.
    ///
    /// # Errors
    /// The sound ends too soon, cannot be read, holds samples that are no sound, or holds none at all.
    pub fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        if self.over {
            return Ok(false);
        }
        self.frames.clear();
        let more = match &mut self.source {
            Source::Wav(wav) => wav.read((wav.rate() / PIECES_PER_SECOND) as usize, &mut self.frames)?,
            Source::Raw(stream) => read_raw(stream, &mut self.frames)?,
        };
        self.received += self.frames.len() as u64;
        self.resampler.push(&self.frames, out)?;
        if !more {
            self.over = true;
            self.resampler.finish(out)?;
            if self.received == 0 {
                return Err(AudioError::Empty);
            }
        }
        Ok(more)
    }

    /// The whole sound.
    ///
    /// # Errors
    /// As [`AudioReader::read`]; or it is longer than [`MAX_CLIP_SECONDS`].
    pub fn read_to_end(mut self) -> Result<Vec<f32>, AudioError> {
        let limit = (MAX_CLIP_SECONDS * SAMPLE_RATE) as usize;
        let mut samples = Vec::new();
        while self.read(&mut samples)? {
            if samples.len() > limit {
                return Err(AudioError::TooLong { limit_s: MAX_CLIP_SECONDS });
            }
        }
        Ok(samples)
    }
}

/// Reads a whole WAV file as 16 kHz mono samples; full scale is ±1.
///
/// # Errors
/// The file cannot be read, is no WAV file, is cut short, is empty, or is longer than [`MAX_CLIP_SECONDS`].
pub fn read_clip(path: &Path) -> Result<Vec<f32>, AudioError> {
    AudioReader::open(path)?.read_to_end()
}

/// Appends one piece of raw samples; half a sample at the end is dropped.
fn read_raw(stream: &mut impl Read, out: &mut Vec<f32>) -> Result<bool, AudioError> {
    let mut bytes = [0_u8; 2 * (SAMPLE_RATE / PIECES_PER_SECOND) as usize];
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = bytes.get_mut(filled..) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (samples, _) = bytes.get(..filled).unwrap_or_default().as_chunks::<2>();
    out.extend(samples.iter().map(|&sample| f32::from(i16::from_le_bytes(sample)) / 32768.0));
    Ok(filled == bytes.len())
}

#[cfg(test)]
mod tests {
    use hound::{SampleFormat, WavSpec, WavWriter};
    use proptest::prelude::*;

    use super::*;

    fn spec(channels: u16, rate: u32, bits: u16, format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format }
    }

    /// A WAV file in memory whose samples are `fractions` of full scale.
    fn wav(spec: WavSpec, fractions: &[f32]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).expect("a valid specification");
        let full_scale = 2.0_f64.powi(i32::from(spec.bits_per_sample) - 1);
        for &fraction in fractions {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(fraction),
                SampleFormat::Int => writer.write_sample((f64::from(fraction) * full_scale) as i32),
            }
            .expect("memory");
        }
        writer.finalize().expect("memory");
        bytes.into_inner()
    }

    fn clip(bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
        AudioReader::wav(Box::new(Cursor::new(bytes.to_vec())), Ending::Exact)?.read_to_end()
    }

    fn stream(bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
        AudioReader::from_stream(Cursor::new(bytes.to_vec()))?.read_to_end()
    }

    #[test]
    fn every_width_gives_the_same_sound() {
        let fractions = [0.0, 0.5, -0.5, 0.25, -1.0, 0.125];
        for (bits, format) in [
            (8, SampleFormat::Int),
            (16, SampleFormat::Int),
            (24, SampleFormat::Int),
            (32, SampleFormat::Int),
            (32, SampleFormat::Float),
        ] {
            let read = clip(&wav(spec(1, 16_000, bits, format), &fractions)).expect("a valid file");
            assert_eq!(read, fractions, "{bits} bits, {format:?}");
        }
    }

    #[test]
    fn channels_are_averaged() {
        let bytes = wav(spec(2, 16_000, 16, SampleFormat::Int), &[0.5, 0.25, -0.5, 0.5]);
        let reader = AudioReader::wav(Box::new(Cursor::new(bytes.clone())), Ending::Exact);
        assert_eq!(reader.expect("a valid file").promised_seconds(), Some(2.0 / 16_000.0));
        let read = clip(&bytes).expect("a valid file");
        assert_eq!(read, [0.375, 0.0]);
    }

    #[test]
    fn a_file_cut_short_says_what_is_missing() {
        let bytes = wav(spec(1, 16_000, 16, SampleFormat::Int), &[0.5; 100]);
        match clip(&bytes[..bytes.len() - 51]) {
            Err(AudioError::Truncated { promised: 200, missing: 51 }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(stream(&bytes[..bytes.len() - 51]).expect("a pipe may end early").len(), 74);
    }

    #[test]
    fn no_sound_is_an_error() {
        let empty = wav(spec(1, 44_100, 16, SampleFormat::Int), &[]);
        for bytes in [empty.as_slice(), b""] {
            assert!(matches!(clip(bytes), Err(AudioError::Empty)));
            assert!(matches!(stream(bytes), Err(AudioError::Empty)));
        }
    }

    #[test]
    fn samples_that_are_no_sound_are_named() {
        let float = spec(2, 48_000, 32, SampleFormat::Float);
        assert!(matches!(
            clip(&wav(float, &[0.0, 0.0, f32::NAN, 0.0])),
            Err(AudioError::NonFinite { at: 2 })
        ));
        assert!(matches!(clip(&wav(float, &[0.0, f32::INFINITY])), Err(AudioError::NonFinite { at: 1 })));
        assert!(matches!(
            clip(&wav(float, &[0.0, 0.0, 0.0, -20_000.0])),
            Err(AudioError::Scale { at: 3, .. })
        ));
    }

    #[test]
    fn absurd_headers_are_refused() {
        let with_rate = |rate| clip(&wav(spec(1, rate, 16, SampleFormat::Int), &[0.5; 4]));
        assert!(matches!(with_rate(1), Err(AudioError::Rate { rate: 1 })));
        assert!(matches!(with_rate(400_000_000), Err(AudioError::Rate { .. })));
        let many = wav(spec(65, 16_000, 16, SampleFormat::Int), &[0.0; 65]);
        assert!(matches!(clip(&many), Err(AudioError::Channels { channels: 65 })));
    }

    #[test]
    fn a_length_that_lies_costs_no_memory() {
        let mut bytes = wav(spec(1, 16_000, 16, SampleFormat::Int), &[0.5; 4]);
        bytes[40..44].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
        assert!(matches!(clip(&bytes), Err(AudioError::Truncated { missing: 0xffff_fff6, .. })));
    }

    #[test]
    fn a_stream_of_unknown_length_is_read_to_its_end() {
        let mut bytes = wav(spec(1, 16_000, 16, SampleFormat::Int), &[0.5; 4]);
        bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(clip(&bytes).expect("a valid file"), [0.5; 4]);
        assert_eq!(stream(&bytes).expect("a valid stream"), [0.5; 4]);
    }

    #[test]
    fn a_stream_without_a_header_is_raw() {
        assert_eq!(stream(&[0, 0x40, 0, 0xc0, 7]).expect("samples"), [0.5, -0.5]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_sound_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = clip(&bytes);
            let _ = stream(&bytes);
        }

        #[test]
        fn a_broken_header_gives_sound_or_an_error(
            breaks in prop::collection::vec((0_usize..80, any::<u8>()), 1..4),
            bits in prop::sample::select(vec![8_u16, 16, 24, 32]),
        ) {
            let mut bytes = wav(spec(2, 44_100, bits, SampleFormat::Int), &[0.5; 400]);
            for (at, byte) in breaks {
                bytes[at] = byte;
            }
            let samples = clip(&bytes).unwrap_or_default();
            prop_assert!(samples.iter().all(|sample| sample.is_finite()));
        }

        #[test]
        fn any_rate_and_channel_count_keep_the_duration(
            rate in MIN..=48_000_u32, channels in 1_u16..9, frames in 1_usize..3000,
        ) {
            let bytes = wav(spec(channels, rate, 16, SampleFormat::Int), &vec![0.25; frames * usize::from(channels)]);
            let samples = clip(&bytes).expect("a valid file");
            prop_assert_eq!(samples.len() as u64, (frames as u64 * 16_000).div_ceil(u64::from(rate)));
        }
    }

    const MIN: u32 = crate::frontend::wav::MIN_RATE;
}
