//! Compressed sound in packets: Symphonia's demuxers and decoders in a row.
//!
//! Containers that need no index are read in one direction even from a file, so that a pipe gives the same samples.

use std::io;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known as codecs;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats;
use symphonia::default::get_codecs;

use super::container::Container;
use super::error::{AudioError, AudioWarning};
use super::layout::check_shape;
use super::source::Source;

/// Damaged packets in a row after which there is no hope.
const MAX_DAMAGED: u64 = 100;

/// Seconds by which a promised length may be missed: headers of MP3 count a frame too many.
const TOLERANCE_S: f64 = 0.1;

/// Packets of one source.
pub(super) struct Packets {
    demuxer: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: u32,
    channels: u16,
    is_pipe: bool,
    promised: Option<u64>,
    /// Frames decoded so far.
    frames: u64,
    damaged: u64,
    damaged_in_a_row: u64,
    warning: Option<AudioWarning>,
}

impl Packets {
    /// Reads the headers of a container.
    ///
    /// # Errors
    /// They are broken, or the codec is not read.
    pub(super) fn new(source: Source, container: Container) -> Result<Self, AudioError> {
        let is_pipe = source.is_pipe();
        let demuxer = demuxer(source, container).map_err(|error| match error {
            Failed::Source(error) => error,
            Failed::Symphonia(error) => refuse(error, container),
        })?;
        let Some((track, parameters)) = sound_track(&*demuxer) else {
            return Err(AudioError::unread(format!("{} without sound of a known codec", name(container))));
        };
        // The table of a CAF counts what pads its last packet, too.
        let counted = demuxer.first_track(TrackType::Audio).filter(|_| container != Container::CafPackets);
        let promised = counted.and_then(|track| track.num_frames);
        let decoder = decoder(&parameters, container)?;
        let mut packets = Packets {
            demuxer,
            decoder,
            track,
            rate: 0,
            channels: 0,
            is_pipe,
            promised: promised.filter(|&frames| frames > 0),
            frames: 0,
            damaged: 0,
            damaged_in_a_row: 0,
            warning: None,
        };
        if let (Some(rate), Some(channels)) = (parameters.sample_rate, &parameters.channels) {
            packets.take_shape(rate, channels.count())?;
        }
        Ok(packets)
    }

    /// Frames per second; 0 before the first packet where the container does not tell.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Channels of a frame; 0 before the first packet where the container does not tell.
    pub(super) fn channels(&self) -> u16 {
        self.channels
    }

    /// Frames that the header promises.
    pub(super) fn promised_frames(&self) -> Option<u64> {
        self.promised
    }

    /// What should be said about the packets, once, when they are over.
    pub(super) fn take_warning(&mut self) -> Option<AudioWarning> {
        self.warning.take()
    }

    /// Puts the next packet into `frames`, channel by channel; false after the last one.
    ///
    /// # Errors
    /// The source cannot be read, is cut short, is too damaged, or changes its rate or channels.
    pub(super) fn read(&mut self, frames: &mut Vec<f32>) -> Result<bool, AudioError> {
        frames.clear();
        loop {
            let decoded = match self.demuxer.next_packet() {
                Ok(None) => return self.end(None),
                Ok(Some(packet)) if packet.track_id != self.track => continue,
                Ok(Some(packet)) => self.decoder.decode(&packet).map(|decoded| {
                    decoded.copy_to_vec_interleaved(frames);
                    (decoded.spec().rate(), decoded.num_planes())
                }),
                Err(Error::IoError(error)) if is_end(&error) => return self.end(Some(AudioWarning::NoEnd)),
                Err(Error::IoError(error)) => return Err(error.into()),
                Err(Error::ResetRequired) => {
                    self.begin_next_stream()?;
                    continue;
                }
                Err(error) => Err(error),
            };
            match decoded {
                Ok((rate, channels)) => {
                    self.damaged_in_a_row = 0;
                    if frames.is_empty() {
                        continue;
                    }
                    self.take_shape(rate, channels)?;
                    self.frames += (frames.len() / channels.max(1)) as u64;
                    return Ok(true);
                }
                Err(error) => self.count_damage(&error)?,
            }
        }
    }

    fn take_shape(&mut self, rate: u32, channels: usize) -> Result<(), AudioError> {
        let channels = u32::try_from(channels).unwrap_or(u32::MAX);
        check_shape(rate, channels)?;
        if self.rate == 0 {
            (self.rate, self.channels) = (rate, channels as u16); // at most 64
        }
        if (self.rate, u32::from(self.channels)) == (rate, channels) {
            Ok(())
        } else {
            Err(AudioError::Changes)
        }
    }

    /// Another stream follows in the same file, as in a recording of a radio station.
    fn begin_next_stream(&mut self) -> Result<(), AudioError> {
        let (track, parameters) = sound_track(&*self.demuxer).ok_or(AudioError::Changes)?;
        self.decoder = decoder(&parameters, Container::Ogg)?;
        self.track = track;
        self.promised = None;
        Ok(())
    }

    fn count_damage(&mut self, error: &Error) -> Result<(), AudioError> {
        self.damaged += 1;
        self.damaged_in_a_row += 1;
        let is_hopeless = matches!(error, Error::Unsupported(_) | Error::LimitError(_) | Error::SeekError(_));
        if is_hopeless || self.damaged_in_a_row > MAX_DAMAGED {
            return Err(AudioError::Damaged { what: error.to_string() });
        }
        Ok(())
    }

    fn end(&mut self, warning: Option<AudioWarning>) -> Result<bool, AudioError> {
        let rate = f64::from(self.rate.max(1));
        if let Some(promised) = self.promised.filter(|_| !self.is_pipe) {
            let missing_s = promised.saturating_sub(self.frames) as f64 / rate;
            if missing_s > TOLERANCE_S && self.damaged == 0 {
                return Err(AudioError::CutShort { promised_s: promised as f64 / rate, missing_s });
            }
        }
        if self.frames == 0 && self.damaged > 0 {
            return Err(AudioError::Damaged { what: "none of its packets can be decoded".to_owned() });
        }
        let damaged =
            Some(AudioWarning::DamagedPackets { packets: self.damaged }).filter(|_| self.damaged > 0);
        self.warning = damaged.or(warning.filter(|_| !self.is_pipe));
        Ok(false)
    }
}

enum Failed {
    Source(AudioError),
    Symphonia(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Symphonia(error)
    }
}

fn demuxer(source: Source, container: Container) -> Result<Box<dyn FormatReader>, Failed> {
    let media = match container {
        Container::Mp4 | Container::CafPackets => source.into_seekable().map_err(Failed::Source)?,
        _ => source.into_stream(),
    };
    let (stream, options) = (MediaSourceStream::new(media, Default::default()), Default::default());
    Ok(match container {
        Container::Flac => Box::new(formats::FlacReader::try_new(stream, options)?),
        Container::Ogg => Box::new(formats::OggReader::try_new(stream, options)?),
        Container::Adts => Box::new(formats::AdtsReader::try_new(stream, options)?),
        Container::Mp4 => Box::new(formats::IsoMp4Reader::try_new(stream, options)?),
        Container::CafPackets => Box::new(formats::CafReader::try_new(stream, options)?),
        _ => Box::new(formats::MpaReader::try_new(stream, options)?),
    })
}

fn decoder(
    parameters: &AudioCodecParameters,
    container: Container,
) -> Result<Box<dyn AudioDecoder>, AudioError> {
    let decoder = get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    decoder.map_err(|error| match error {
        Error::Unsupported(why) => {
            let codec =
                codec_name(parameters.codec).map_or_else(|| format!("this codec ({why})"), str::to_owned);
            AudioError::unread(format!("{codec} in {}", name(container)))
        }
        error => AudioError::Damaged { what: error.to_string() },
    })
}

fn sound_track(demuxer: &dyn FormatReader) -> Option<(u32, AudioCodecParameters)> {
    let track = demuxer.first_track_known_codec(TrackType::Audio)?;
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => Some((track.id, parameters.clone())),
        _ => None,
    }
}

fn refuse(error: Error, container: Container) -> AudioError {
    match error {
        Error::IoError(error) if is_end(&error) => AudioError::header_cut_short(),
        Error::IoError(error) => AudioError::Io(error),
        Error::Unsupported(why) => AudioError::unread(format!("this kind of {} ({why})", name(container))),
        error => AudioError::Header { what: error.to_string() },
    }
}

fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

fn name(container: Container) -> &'static str {
    match container {
        Container::Flac => "FLAC",
        Container::Ogg => "Ogg",
        Container::Adts => "ADTS",
        Container::Mp4 => "MP4",
        Container::CafPackets => "CAF",
        _ => "MPEG audio",
    }
}

fn codec_name(codec: AudioCodecId) -> Option<&'static str> {
    Some(match codec {
        codecs::CODEC_ID_AAC => "this profile of AAC",
        codecs::CODEC_ID_OPUS => "Opus",
        codecs::CODEC_ID_SPEEX => "Speex",
        codecs::CODEC_ID_AC3 => "AC-3",
        codecs::CODEC_ID_EAC3 => "E-AC-3",
        codecs::CODEC_ID_AC4 => "AC-4",
        codecs::CODEC_ID_DCA => "DTS",
        codecs::CODEC_ID_WMA => "WMA",
        _ => return None,
    })
}
