//! Whether a stream is MPEG audio or AAC in ADTS frames: these have no header of their own, only frames.
//!
//! One frame's head is soon found in samples without a header, too. So the next one must stand where the first says.

use super::error::AudioError;
use super::source::Source;

/// A stream of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// MPEG 1, 2 or 2.5, layers 1 to 3.
    Mpeg,
    /// AAC.
    Adts,
}

/// What all frames of a stream have in common, and how long this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    stream: Stream,
    version: u8,
    layer: u8,
    rate: u8,
    bytes: usize,
}

/// Looks for two frames at the beginning of a source.
///
/// # Errors
/// The source cannot be read.
pub(super) fn identify(source: &mut Source) -> Result<Option<Stream>, AudioError> {
    let Some(first) = frame(source.peek(6)?) else { return Ok(None) };
    let behind = source.peek(first.bytes + 6)?.get(first.bytes..).unwrap_or_default();
    if behind.is_empty() {
        return Ok(
            Some(first.stream).filter(|_| source.peek(first.bytes).is_ok_and(|all| all.len() == first.bytes))
        );
    }
    let continues = frame(behind).is_some_and(|next| Frame { bytes: first.bytes, ..next } == first);
    Ok(Some(first.stream).filter(|_| continues))
}

/// The frame that begins with `start`.
fn frame(start: &[u8]) -> Option<Frame> {
    let &[0xff, second, third, fourth, ref rest @ ..] = start else { return None };
    if second & 0xf6 == 0xf0 {
        let &[fifth, sixth, ..] = rest else { return None };
        let rate = third >> 2 & 0xf;
        let bytes = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
        let frame = Frame { stream: Stream::Adts, version: second >> 3 & 1, layer: 0, rate, bytes };
        return Some(frame).filter(|_| rate < 13 && bytes > 7);
    }
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    let (bit_rate, rate, padding) = (third >> 4, third >> 2 & 3, usize::from(third >> 1 & 1));
    if second < 0xe0 || version == 1 || layer == 0 || !(1..15).contains(&bit_rate) || rate == 3 {
        return None;
    }
    let hertz = [44_100, 48_000, 32_000].get(usize::from(rate))? >> [2, 0, 1, 0].get(usize::from(version))?;
    let kilobits = kilobits(version == 3, layer, usize::from(bit_rate))?;
    let bytes = match layer {
        3 => (12_000 * kilobits / hertz + padding) * 4,
        1 if version != 3 => 72_000 * kilobits / hertz + padding,
        _ => 144_000 * kilobits / hertz + padding,
    };
    Some(Frame { stream: Stream::Mpeg, version, layer, rate, bytes })
}

/// Bit rate of an index from 1 to 14; `layer` as it is coded, 3 being the first.
fn kilobits(is_mpeg1: bool, layer: u8, index: usize) -> Option<usize> {
    const MPEG1: [[usize; 14]; 3] = [
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    ];
    const MPEG2: [[usize; 14]; 2] = [
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    ];
    let rows: &[[usize; 14]] = if is_mpeg1 { &MPEG1 } else { &MPEG2 };
    let row = match (is_mpeg1, layer) {
        (true, layer) => usize::from(layer) - 1,
        (false, 3) => 1,
        (false, _) => 0,
    };
    rows.get(row)?.get(index.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn identify_bytes(bytes: Vec<u8>) -> Option<Stream> {
        identify(&mut Source::from_stream(Cursor::new(bytes))).expect("memory")
    }

    fn frames(head: &[u8], bytes: usize, count: usize) -> Vec<u8> {
        let mut frame = head.to_vec();
        frame.resize(bytes, 0);
        frame.repeat(count)
    }

    #[test]
    fn frames_have_the_lengths_of_the_standard() {
        for (head, bytes) in [
            ([0xff, 0xfb, 0x90, 0x64, 0, 0], 417), // MPEG 1 layer 3, 128 kbit/s, 44.1 kHz
            ([0xff, 0xf3, 0x84, 0xc4, 0, 0], 192), // MPEG 2 layer 3, 64 kbit/s, 24 kHz
            ([0xff, 0xf3, 0x88, 0xc4, 0, 0], 288), // MPEG 2 layer 3, 64 kbit/s, 16 kHz
            ([0xff, 0xfd, 0xa4, 0x00, 0, 0], 576), // MPEG 1 layer 2, 192 kbit/s, 48 kHz
            ([0xff, 0xff, 0xc4, 0x00, 0, 0], 384), // MPEG 1 layer 1, 384 kbit/s, 48 kHz
            ([0xff, 0xf1, 0x60, 0x40, 0x17, 0xff], 191), // ADTS
        ] {
            assert_eq!(frame(&head).expect("a frame").bytes, bytes, "{head:x?}");
        }
    }

    #[test]
    fn two_frames_make_a_stream_and_one_does_not() {
        let head = [0xff, 0xfb, 0x90, 0x64];
        assert_eq!(identify_bytes(frames(&head, 417, 2)), Some(Stream::Mpeg));
        assert_eq!(identify_bytes(frames(&head, 417, 1)), Some(Stream::Mpeg));
        let mut alone = frames(&head, 417, 1);
        alone.extend([7; 400]);
        assert_eq!(identify_bytes(alone), None);
        assert_eq!(identify_bytes(frames(&head, 300, 1)), None);
        assert_eq!(identify_bytes(frames(&[0xff, 0xf1, 0x60, 0x40, 0x17, 0xff], 191, 2)), Some(Stream::Adts));
    }
}
