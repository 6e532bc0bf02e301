//! Sound in blocks of equal length: PCM, G.711 and ADPCM. Symphonia decodes them; how far they reach is [`Extent`]'s.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};

use super::error::{AudioError, AudioWarning};
use super::extent::Extent;
use super::layout::Layout;
use super::source::Source;

/// Pieces per second: 20 ms, short enough to listen live.
pub(super) const PIECES_PER_SECOND: u32 = 50;

/// Blocks of one source.
pub(super) struct Blocks {
    source: Source,
    extent: Extent,
    layout: Layout,
    decoder: Box<dyn AudioDecoder>,
    /// Encoded sound of one piece.
    piece: Vec<u8>,
    /// Frames of a full piece.
    frames: u64,
}

impl Blocks {
    /// Sound that begins at the next byte of `source`.
    ///
    /// # Errors
    /// Symphonia refuses the layout.
    pub(super) fn new(source: Source, extent: Extent, layout: Layout) -> Result<Self, AudioError> {
        // Packets of ADPCM are decoded one by one, since their bytes may exceed what their frames need.
        let blocks = if layout.block_frames == 1 { layout.rate / PIECES_PER_SECOND } else { 1 };
        let frames = u64::from(blocks) * u64::from(layout.block_frames);
        let mut parameters = AudioCodecParameters::new();
        parameters
            .for_codec(layout.codec)
            .with_sample_rate(layout.rate)
            .with_channels(Channels::Discrete(layout.channels))
            .with_frames_per_block(u64::from(layout.block_frames))
            .with_max_frames_per_packet(frames);
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
            .map_err(|error| AudioError::Damaged { what: error.to_string() })?;
        let piece = vec![0; blocks as usize * layout.block_bytes as usize];
        Ok(Blocks { source, extent, layout, decoder, piece, frames })
    }

    /// Frames per second.
    pub(super) fn rate(&self) -> u32 {
        self.layout.rate
    }

    /// Channels of a frame.
    pub(super) fn channels(&self) -> u16 {
        self.layout.channels
    }

    /// Frames that the header promises.
    pub(super) fn promised_frames(&self) -> Option<u64> {
        let blocks = self.extent.promised()? / u64::from(self.layout.block_bytes);
        Some(blocks * u64::from(self.layout.block_frames))
    }

    /// What should be said about the header, once.
    pub(super) fn take_warning(&mut self) -> Option<AudioWarning> {
        self.extent.take_warning()
    }

    /// Puts the next piece into `frames`, channel by channel; false after the last one. An unfinished block is dropped.
    ///
    /// # Errors
    /// See [`Extent::fill`]; or a block is damaged.
    pub(super) fn read(&mut self, frames: &mut Vec<f32>) -> Result<bool, AudioError> {
        frames.clear();
        let count = self.extent.fill(&mut self.source, &mut self.piece)?;
        let block_bytes = self.layout.block_bytes as usize;
        let whole = count - count % block_bytes;
        let Some(bytes @ [_, ..]) = self.piece.get(..whole) else { return Ok(false) };
        let duration = (whole / block_bytes) as u64 * u64::from(self.layout.block_frames);
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::from(duration.min(self.frames)), bytes);
        match self.decoder.decode_ref(&packet) {
            Ok(decoded) => decoded.copy_to_vec_interleaved(frames),
            Err(error) => return Err(AudioError::Damaged { what: error.to_string() }),
        }
        Ok(true)
    }
}
