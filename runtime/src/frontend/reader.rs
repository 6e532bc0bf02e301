//! Sound from a file or a pipe as 16 kHz mono, piece by piece.

use std::io::Read;
use std::path::Path;

use super::SAMPLE_RATE;
use super::blocks::{Blocks, PIECES_PER_SECOND};
use super::channels::{Channel, Mixer};
use super::container::Container;
use super::error::{AudioError, AudioWarning};
use super::extent::Extent;
use super::header;
use super::layout::{Layout, RawFormat};
use super::packets::Packets;
use super::resample::Resampler;
use super::source::Source;
use super::wave::Sound;

/// Longest recording that [`read_clip`] holds in memory, in seconds: an hour, 230 MB.
pub const MAX_CLIP_SECONDS: u32 = 3600;

/// Largest magnitude of a float sample, 48 dB above full scale: no recording reaches it, integers stored as floats do.
const MAX_LEVEL: f32 = 256.0;

/// What is said about a sound beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoundOptions {
    /// Which channel is heard.
    pub channel: Channel,
    /// Sound without a header, whatever its first bytes look like. `None` looks at them.
    pub raw: Option<RawFormat>,
}

/// Sound that arrives piece by piece; memory does not grow with its length.
pub struct AudioReader {
    decoder: Decoder,
    channel: Channel,
    /// Made with the first frames, since some containers tell rate and channels only with them.
    to_mono: Option<(Mixer, Resampler)>,
    /// Frames as decoded, channel by channel.
    frames: Vec<f32>,
    /// The same as one channel.
    mono: Vec<f32>,
    /// Samples of `mono` that were resampled already.
    taken: usize,
    piece: Vec<f32>,
    /// Samples decoded, channels counted one by one.
    received: u64,
    over: bool,
    warnings: Vec<AudioWarning>,
}

enum Decoder {
    Blocks(Blocks),
    Packets(Box<Packets>),
}

impl AudioReader {
    /// Opens a file, or a FIFO or a device, which counts as a pipe: see [`AudioReader::from_stream`].
    ///
    /// A file shorter than its header promises is an error when its end is read.
    ///
    /// # Errors
    /// It cannot be read, or holds no sound that is read.
    pub fn open(path: &Path, options: &SoundOptions) -> Result<Self, AudioError> {
        AudioReader::new(Source::open(path)?, options)
    }

    /// Reads a stream: a container if it begins like one, else raw 16-bit signed little-endian samples at 16 kHz, mono.
    ///
    /// A stream may end before the length in its header or go on behind it, because a program that writes into a pipe
    /// makes that up. No more bytes are waited for than the next piece needs.
    ///
    /// # Errors
    /// As [`AudioReader::open`].
    pub fn from_stream(
        stream: impl Read + Send + 'static,
        options: &SoundOptions,
    ) -> Result<Self, AudioError> {
        AudioReader::new(Source::from_stream(stream), options)
    }

    fn new(mut source: Source, options: &SoundOptions) -> Result<Self, AudioError> {
        let container = if options.raw.is_some() { None } else { Container::identify(&mut source)? };
        let decoder = match container {
            None if options.raw.is_none() && !source.is_pipe() => return Err(AudioError::Unknown),
            None => {
                let RawFormat { rate, format, channels } = options.raw.unwrap_or_default();
                let layout = Layout::pcm(format, rate, channels);
                Decoder::Blocks(Blocks::new(source, Extent::to_the_end(layout.block_bytes), layout)?)
            }
            Some(
                container @ (Container::Flac
                | Container::Mpeg
                | Container::Adts
                | Container::Ogg
                | Container::Mp4
                | Container::CafPackets),
            ) => Decoder::Packets(Box::new(Packets::new(source, container)?)),
            Some(container) => {
                let header = header::read(&mut source, container)?;
                match header.sound {
                    Sound::Blocks(layout) => Decoder::Blocks(Blocks::new(source, header.extent, layout)?),
                    Sound::Mpeg => Decoder::Packets(Box::new(Packets::new(source, Container::Mpeg)?)),
                }
            }
        };
        let mut reader = AudioReader {
            decoder,
            channel: options.channel,
            to_mono: None,
            frames: Vec::new(),
            mono: Vec::new(),
            taken: 0,
            piece: Vec::new(),
            received: 0,
            over: false,
            warnings: Vec::new(),
        };
        reader.warnings.extend(reader.decoder.take_warning());
        if reader.decoder.rate() > 0 {
            reader.make_mono()?;
        }
        Ok(reader)
    }

    /// Length that the header promises, in seconds; `None` where there is no header or it does not know.
    pub fn promised_seconds(&self) -> Option<f64> {
        let frames = match &self.decoder {
            Decoder::Blocks(blocks) => blocks.promised_frames(),
            Decoder::Packets(packets) => packets.promised_frames(),
        };
        Some(frames? as f64 / f64::from(self.decoder.rate().max(1)))
    }

    /// What should be known about the sound so far, although it is read; each is told once.
    pub fn take_warnings(&mut self) -> Vec<AudioWarning> {
        std::mem::take(&mut self.warnings)
    }

    /// The next piece of some 20 ms, never empty: 16 kHz, one channel, full scale ±1. `None` after the last one.
    ///
    /// # Errors
    /// The sound ends too soon, cannot be read, holds samples that are no sound, or holds none at all.
    pub fn next_piece(&mut self) -> Result<Option<&[f32]>, AudioError> {
        self.piece.clear();
        while self.piece.is_empty() && !self.over {
            if self.taken >= self.mono.len() && !self.decode()? {
                self.finish()?;
                break;
            }
            let Some((_, resampler)) = &mut self.to_mono else { break };
            let rest = self.mono.get(self.taken..).unwrap_or_default();
            let most = (self.decoder.rate() / PIECES_PER_SECOND).max(1) as usize;
            let next = rest.get(..most).unwrap_or(rest);
            self.taken += next.len();
            resampler.push(next, &mut self.piece)?;
        }
        Ok(Some(self.piece.as_slice()).filter(|piece| !piece.is_empty()))
    }

    /// The whole sound.
    ///
    /// # Errors
    /// As [`AudioReader::next_piece`]; or it is longer than [`MAX_CLIP_SECONDS`].
    pub fn read_to_end(&mut self) -> Result<Vec<f32>, AudioError> {
        let limit = (MAX_CLIP_SECONDS * SAMPLE_RATE) as usize;
        let mut samples = Vec::new();
        while let Some(piece) = self.next_piece()? {
            samples.extend_from_slice(piece);
            if samples.len() > limit {
                return Err(AudioError::TooLong { limit_s: MAX_CLIP_SECONDS });
            }
        }
        Ok(samples)
    }

    /// Decodes the next frames; false if there are none.
    fn decode(&mut self) -> Result<bool, AudioError> {
        self.mono.clear();
        self.taken = 0;
        if !self.decoder.read(&mut self.frames)? {
            return Ok(false);
        }
        self.check_levels()?;
        if self.to_mono.is_none() {
            self.make_mono()?;
        }
        if let Some((mixer, _)) = &mut self.to_mono {
            mixer.push(&self.frames, &mut self.mono);
            self.warnings.extend(mixer.take_warning(false));
        }
        Ok(true)
    }

    fn make_mono(&mut self) -> Result<(), AudioError> {
        let (rate, channels) = (self.decoder.rate(), self.decoder.channels());
        self.to_mono = Some((Mixer::new(self.channel, channels, rate)?, Resampler::new(rate)?));
        Ok(())
    }

    fn check_levels(&mut self) -> Result<(), AudioError> {
        let bad = |value: &f32| !(-MAX_LEVEL..=MAX_LEVEL).contains(value); // NaN is in no range
        if let Some(index) = self.frames.iter().position(bad) {
            let at = self.received + index as u64;
            return Err(match self.frames.get(index) {
                Some(&value) if value.is_finite() => AudioError::Scale { at, value },
                _ => AudioError::NonFinite { at },
            });
        }
        self.received += self.frames.len() as u64;
        Ok(())
    }

    /// The last of the sound comes out of the resampler.
    fn finish(&mut self) -> Result<(), AudioError> {
        self.over = true;
        if let Some((mixer, resampler)) = &mut self.to_mono {
            resampler.finish(&mut self.piece)?;
            self.warnings.extend(mixer.take_warning(true));
        }
        self.warnings.extend(self.decoder.take_warning());
        if self.received == 0 { Err(AudioError::Empty) } else { Ok(()) }
    }
}

impl Decoder {
    fn rate(&self) -> u32 {
        match self {
            Decoder::Blocks(blocks) => blocks.rate(),
            Decoder::Packets(packets) => packets.rate(),
        }
    }

    fn channels(&self) -> u16 {
        match self {
            Decoder::Blocks(blocks) => blocks.channels(),
            Decoder::Packets(packets) => packets.channels(),
        }
    }

    fn read(&mut self, frames: &mut Vec<f32>) -> Result<bool, AudioError> {
        match self {
            Decoder::Blocks(blocks) => blocks.read(frames),
            Decoder::Packets(packets) => packets.read(frames),
        }
    }

    fn take_warning(&mut self) -> Option<AudioWarning> {
        match self {
            Decoder::Blocks(blocks) => blocks.take_warning(),
            Decoder::Packets(packets) => packets.take_warning(),
        }
    }
}

/// Reads a whole file as 16 kHz mono samples; full scale is ±1. Several channels are averaged.
///
/// # Errors
/// As [`AudioReader::open`] and [`AudioReader::read_to_end`].
pub fn read_clip(path: &Path) -> Result<Vec<f32>, AudioError> {
    AudioReader::open(path, &SoundOptions::default())?.read_to_end()
}
