//! How loud each channel of a microphone is, and what is wrong with it.

use wavlm_runtime::frontend::{RawFormat, SampleFormat};

/// A channel that stays below this is not connected, or muted: -75 dB, less than the hiss of any microphone.
const SILENT_DB: f64 = -75.0;
/// Speech across a room reaches this with a usable gain.
const QUIET_DB: f64 = -40.0;
/// Magnitude that counts as full scale.
const FULL_SCALE: f64 = 0.99;
/// Share of samples at full scale from which on it is worth a word.
const CLIPPED: f64 = 0.0005;
/// The level is measured over so long, in parts of a second.
const PARTS: u32 = 10;

/// What one channel gave.
#[derive(Clone, Debug, Default)]
struct Channel {
    /// Sum of squares, and samples, of the part that is going on.
    part: (f64, u32),
    /// Mean squares of the loudest part and of the last one.
    loudest: f64,
    last: f64,
    clipped: u64,
    samples: u64,
}

/// Levels of all channels.
#[derive(Clone, Debug)]
pub struct Levels {
    format: RawFormat,
    channels: Vec<Channel>,
    /// Bytes of the sample that is going on.
    rest: Vec<u8>,
    /// Channel of the next sample.
    next: usize,
}

/// What should be known about a channel, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Verdict {
    /// Nothing comes.
    #[error("channel {channel} is silent; it is not connected, or muted")]
    Silent {
        /// Which one.
        channel: usize,
    },
    /// Not enough comes.
    #[error(
        "channel {channel} is too quiet: its loudest part reached {level:.0} dB; raise the gain, or speak up"
    )]
    Quiet {
        /// Which one.
        channel: usize,
        /// Of full scale, in dB.
        level: f64,
    },
    /// Too much comes.
    #[error("channel {channel} is clipped: {percent:.1} % of it is at full scale; lower the gain")]
    Clipped {
        /// Which one.
        channel: usize,
        /// Of its samples.
        percent: f64,
    },
}

impl Levels {
    /// Of sound in this format.
    pub fn new(format: RawFormat) -> Self {
        let channels = vec![Channel::default(); usize::from(format.channels.max(1))];
        Levels { format, channels, rest: Vec::new(), next: 0 }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let (width, value): (usize, fn(&[u8]) -> f64) = match self.format.format {
            SampleFormat::S16Le => (2, |b| f64::from(i16::from_le_bytes(fixed(b))) / 32_768.0),
            SampleFormat::S24Le => (3, |b| {
                let [low, middle, high] = fixed(b);
                f64::from(i32::from_le_bytes([0, low, middle, high])) / 2_147_483_648.0
            }),
            SampleFormat::F32Le => (4, |b| f64::from(f32::from_le_bytes(fixed(b)))),
            _ => (4, |b| f64::from(i32::from_le_bytes(fixed(b))) / 2_147_483_648.0),
        };
        let part = self.format.rate / PARTS;
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / width * width;
        for sample in self.rest.get(..whole).unwrap_or_default().chunks_exact(width) {
            if let Some(channel) = self.channels.get_mut(self.next) {
                channel.push(value(sample), part);
            }
            self.next = (self.next + 1) % self.channels.len();
        }
        self.rest.drain(..whole);
    }

    /// Level of each channel in the last tenth of a second, in dB of full scale.
    pub fn now(&self) -> Vec<f64> {
        self.channels.iter().map(|channel| decibels(channel.last)).collect()
    }

    /// What is wrong, channel by channel.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let numbered = (1..).zip(&self.channels);
        let verdict = |(channel, measured): (usize, &Channel)| {
            let level = decibels(measured.loudest);
            let clipped = measured.clipped as f64 / measured.samples.max(1) as f64;
            if level < SILENT_DB {
                Some(Verdict::Silent { channel })
            } else if clipped > CLIPPED {
                Some(Verdict::Clipped { channel, percent: clipped * 100.0 })
            } else {
                (level < QUIET_DB).then_some(Verdict::Quiet { channel, level })
            }
        };
        numbered.filter_map(verdict).collect()
    }
}

impl Channel {
    fn push(&mut self, value: f64, part: u32) {
        self.samples += 1;
        self.clipped += u64::from(value.abs() >= FULL_SCALE);
        self.part.0 += value * value;
        self.part.1 += 1;
        if self.part.1 >= part {
            self.last = self.part.0 / f64::from(self.part.1);
            self.loudest = self.loudest.max(self.last);
            self.part = (0.0, 0);
        }
    }
}

fn decibels(power: f64) -> f64 {
    (10.0 * power.log10()).max(-120.0)
}

/// The bytes of a sample; zeros where there are too few, which there never are.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stereo(left: f64, right: f64, format: SampleFormat) -> Levels {
        let mut levels = Levels::new(RawFormat { rate: 16_000, format, channels: 2 });
        let mut bytes = Vec::new();
        for i in 0..16_000 {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            for value in [left * sign, right * sign] {
                match format {
                    SampleFormat::F32Le => bytes.extend((value as f32).to_le_bytes()),
                    SampleFormat::S24Le => {
                        bytes.extend(&((value * 8_388_607.0) as i32).to_le_bytes()[..3]);
                    }
                    SampleFormat::S32Le => bytes.extend(((value * 2_147_483_647.0) as i32).to_le_bytes()),
                    _ => bytes.extend(((value * 32_767.0) as i16).to_le_bytes()),
                }
            }
        }
        for piece in bytes.chunks(777) {
            levels.push(piece);
        }
        levels
    }

    #[test]
    fn every_format_gives_the_level() {
        for format in [SampleFormat::S16Le, SampleFormat::S24Le, SampleFormat::S32Le, SampleFormat::F32Le] {
            let now = stereo(0.1, 0.5, format).now();
            assert!((now[0] + 20.0).abs() < 0.1 && (now[1] + 6.0).abs() < 0.1, "{format:?}: {now:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_for_each_channel() {
        assert_eq!(stereo(0.1, 0.2, SampleFormat::S16Le).verdicts(), []);
        let found = stereo(0.0, 0.001, SampleFormat::S16Le).verdicts();
        assert!(
            matches!(found[..], [Verdict::Silent { channel: 1 }, Verdict::Quiet { channel: 2, .. }]),
            "{found:?}"
        );
        let found = stereo(1.0, 0.1, SampleFormat::F32Le).verdicts();
        assert!(matches!(found[..], [Verdict::Clipped { channel: 1, percent: 100.0 }]), "{found:?}");
    }
}
