//! Frames on a serial line: postcard bytes, their CRC-32, and COBS around both, ended by a zero.
//!
//! COBS leaves no zero inside a frame, so a reader that lost its place finds the next frame after the next zero; the
//! checksum tells a broken frame from a whole one.

use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Serialize, de::DeserializeOwned};

/// Room for the longest frame, ending zero included.
pub const FRAME_BYTES: usize = 160;

/// Bytes of the checksum.
const CRC_BYTES: usize = 4;

/// Room for what is framed: COBS adds a byte per 254 and one for the zero.
const BODY_BYTES: usize = FRAME_BYTES - 2;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A frame to be written.
pub type Frame = heapless::Vec<u8, FRAME_BYTES>;

/// Frames a value; `None` if it is longer than a frame holds, which no [`Message`](crate::Message) and no
/// [`Answer`](crate::Answer) is.
pub fn encode<T: Serialize>(value: &T) -> Option<Frame> {
    let mut body = [0; BODY_BYTES];
    let length = postcard::to_slice(value, &mut body[..BODY_BYTES - CRC_BYTES]).ok()?.len();
    let (payload, rest) = body.split_at_mut(length);
    rest.first_chunk_mut::<CRC_BYTES>()?.copy_from_slice(&CRC.checksum(payload).to_le_bytes());

    let mut frame = Frame::new();
    frame.resize_default(FRAME_BYTES).ok()?;
    let written = cobs::encode(&body[..length + CRC_BYTES], &mut frame);
    frame.truncate(written);
    frame.push(0).ok()?;
    Some(frame)
}

/// Finds the frames in a stream of bytes, in whatever pieces they come.
#[derive(Debug, Default)]
pub struct Decoder {
    frame: Frame,
    /// More came than a frame can hold: all up to the next zero is dropped.
    overlong: bool,
    broken: u32,
}

impl Decoder {
    /// A decoder that waits for the first frame.
    pub const fn new() -> Self {
        Self { frame: Frame::new(), overlong: false, broken: 0 }
    }

    /// Takes one byte; the value, if it ends a whole frame of one. A broken frame is counted and dropped.
    pub fn push<T: DeserializeOwned>(&mut self, byte: u8) -> Option<T> {
        if byte != 0 {
            self.overlong |= self.frame.push(byte).is_err();
            return None;
        }
        let value = if self.overlong { None } else { decode(&mut self.frame) };
        // Zeros in a row are what a line sends while nobody speaks.
        if value.is_none() && !self.frame.is_empty() {
            self.broken = self.broken.saturating_add(1);
        }
        self.frame.clear();
        self.overlong = false;
        value
    }

    /// How many frames were dropped.
    pub const fn broken(&self) -> u32 {
        self.broken
    }
}

fn decode<T: DeserializeOwned>(frame: &mut [u8]) -> Option<T> {
    let length = cobs::decode_in_place(frame).ok()?;
    let (payload, crc) = frame.get(..length)?.split_last_chunk::<CRC_BYTES>()?;
    if CRC.checksum(payload) != u32::from_le_bytes(*crc) {
        return None;
    }
    match postcard::take_from_bytes(payload).ok()? {
        (value, []) => Some(value),
        _ => None,
    }
}
