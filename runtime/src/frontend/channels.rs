//! Many channels become one: a chosen one, or the mean of all.
//!
//! Where channels cancel each other, as a pair of wires with opposite signs does, their mean is silence. The watch over
//! that is part of the mix, so that files and microphones share it.

use std::num::NonZeroU16;
use std::str::FromStr;

use super::error::{AudioError, AudioWarning};

/// Which channel of a sound is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// The mean of all.
    #[default]
    Mix,
    /// One of them, counted from 1.
    Number(NonZeroU16),
}

/// Neither a number from 1 on nor `mix`.
#[derive(Debug, thiserror::Error)]
#[error("use mix, or the number of a channel, counted from 1")]
pub struct ChannelError;

impl FromStr for Channel {
    type Err = ChannelError;

    fn from_str(text: &str) -> Result<Self, ChannelError> {
        if text == "mix" {
            return Ok(Channel::Mix);
        }
        text.parse().map(Channel::Number).map_err(|_| ChannelError)
    }
}

/// The mix is weak if it is so much weaker than the loudest channel, in dB.
const WEAK_DB: f64 = 20.0;

/// Seconds of sound after which a mix can be judged while it goes on.
const JUDGED_AFTER_S: u32 = 2;

/// Power of a channel from which on it counts as sound: -70 dB of full scale.
const SOUND_POWER: f64 = 1e-7;

/// Makes one channel of many.
#[derive(Debug)]
pub struct Mixer {
    channels: usize,
    chosen: Option<usize>,
    watch: Option<Watch>,
}

impl Mixer {
    /// A mixer of `channels` channels at `rate` frames per second.
    ///
    /// # Errors
    /// The chosen channel is not there.
    pub fn new(channel: Channel, channels: u16, rate: u32) -> Result<Self, AudioError> {
        let chosen = match channel {
            Channel::Mix => None,
            Channel::Number(number) if number.get() <= channels => Some(usize::from(number.get()) - 1),
            Channel::Number(number) => return Err(AudioError::NoChannel { channel: number.get(), channels }),
        };
        let is_watched = chosen.is_none() && channels > 1;
        Ok(Mixer {
            channels: usize::from(channels).max(1),
            chosen,
            watch: is_watched.then(|| Watch::new(channels, rate)),
        })
    }

    /// Appends one sample for every frame of `frames`, which have one value for every channel.
    pub fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        if let Some(chosen) = self.chosen {
            out.extend(frames.iter().skip(chosen).step_by(self.channels));
            return;
        }
        for frame in frames.chunks_exact(self.channels) {
            let mean = frame.iter().sum::<f32>() / self.channels as f32;
            if let Some(watch) = &mut self.watch {
                watch.push(frame, mean);
            }
            out.push(mean);
        }
    }

    /// Says once if the mix is far weaker than its loudest channel: after some seconds, or when the sound `is_over`.
    pub fn take_warning(&mut self, is_over: bool) -> Option<AudioWarning> {
        let warning = self.watch.as_ref()?.judge(is_over)?;
        self.watch = None;
        Some(warning)
    }
}

/// Power of every channel and of their mix so far.
#[derive(Debug)]
struct Watch {
    channels: Vec<Power>,
    mix: Power,
    /// Frames after which to judge.
    enough: u64,
}

impl Watch {
    fn new(channels: u16, rate: u32) -> Self {
        Watch {
            channels: vec![Power::default(); usize::from(channels)],
            mix: Power::default(),
            enough: u64::from(JUDGED_AFTER_S) * u64::from(rate),
        }
    }

    fn push(&mut self, frame: &[f32], mean: f32) {
        for (power, &value) in self.channels.iter_mut().zip(frame) {
            power.push(value);
        }
        self.mix.push(mean);
    }

    fn judge(&self, is_over: bool) -> Option<AudioWarning> {
        if !is_over && self.mix.count < self.enough {
            return None;
        }
        let powers = self.channels.iter().map(Power::get).enumerate().rev(); // of equals, the first one
        let (loudest, power) = powers.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let weaker_db = 10.0 * (power / self.mix.get().max(f64::MIN_POSITIVE)).log10();
        (power > SOUND_POWER && weaker_db >= WEAK_DB).then(|| AudioWarning::WeakMix {
            channel: u16::try_from(loudest + 1).unwrap_or(u16::MAX),
            weaker_db: weaker_db.min(99.0) as f32,
        })
    }
}

/// Power of a signal without its constant part, which no ear hears.
#[derive(Clone, Debug, Default)]
struct Power {
    count: u64,
    sum: f64,
    squares: f64,
}

impl Power {
    fn push(&mut self, value: f32) {
        let value = f64::from(value);
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    fn get(&self) -> f64 {
        let count = self.count.max(1) as f64;
        (self.squares / count - (self.sum / count).powi(2)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(i: usize) -> f32 {
        0.3 * (i as f32 * 0.2).sin()
    }

    fn mix(channel: &str, channels: u16, frames: &[f32]) -> (Vec<f32>, Option<AudioWarning>) {
        let channel = channel.parse().expect("a channel");
        let mut mixer = Mixer::new(channel, channels, 16_000).expect("such a channel");
        let mut out = Vec::new();
        mixer.push(frames, &mut out);
        (out, mixer.take_warning(true))
    }

    #[test]
    fn one_channel_is_chosen_or_all_are_averaged() {
        let frames = [0.5, 0.25, -0.5, 0.5];
        assert_eq!(mix("mix", 2, &frames).0, [0.375, 0.0]);
        assert_eq!(mix("1", 2, &frames).0, [0.5, -0.5]);
        assert_eq!(mix("2", 2, &frames).0, [0.25, 0.5]);
        assert_eq!(mix("1", 1, &frames).0, frames);
    }

    #[test]
    fn channels_are_counted_from_1() {
        for text in ["0", "-1", "left", "", "1.5", "70000"] {
            let message = text.parse::<Channel>().expect_err(text).to_string();
            assert!(message.contains("counted from 1"), "{message}");
        }
        let channel = "3".parse().expect("a channel");
        let message = Mixer::new(channel, 2, 16_000).expect_err("two channels").to_string();
        assert!(message.contains("no channel 3, only 1 to 2"), "{message}");
    }

    #[test]
    fn a_mix_that_cancels_is_told() {
        let opposed: Vec<f32> = (0..16_000).flat_map(|i| [0.5 * tone(i), -0.52 * tone(i)]).collect();
        match mix("mix", 2, &opposed).1 {
            Some(AudioWarning::WeakMix { channel: 2, weaker_db }) => {
                assert!((34.0..35.0).contains(&weaker_db), "{weaker_db}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(mix("2", 2, &opposed).1, None);
    }

    #[test]
    fn a_mix_that_does_not_cancel_is_not() {
        let alone: Vec<f32> = (0..16_000).flat_map(|i| [tone(i), 0.0]).collect();
        assert_eq!(mix("mix", 2, &alone).1, None);
        let constant: Vec<f32> =
            (0..16_000).flat_map(|i| [0.5 + 0.1 * tone(i), -0.5 + 0.1 * tone(i)]).collect();
        assert_eq!(mix("mix", 2, &constant).1, None);
        let silence: Vec<f32> = (0..16_000).flat_map(|i| [1e-5 * tone(i), -1e-5 * tone(i)]).collect();
        assert_eq!(mix("mix", 2, &silence).1, None);
    }

    #[test]
    fn it_is_told_once_while_the_sound_goes_on() {
        let mut mixer = Mixer::new(Channel::Mix, 2, 16_000).expect("channels");
        let opposed: Vec<f32> = (0..16_000).flat_map(|i| [tone(i), -tone(i)]).collect();
        let mut told = Vec::new();
        for _ in 0..5 {
            mixer.push(&opposed, &mut Vec::new());
            told.push(mixer.take_warning(false).is_some());
        }
        assert_eq!(told, [false, true, false, false, false]);
        assert_eq!(mixer.take_warning(true), None);
    }
}
