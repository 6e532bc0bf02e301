//! Is a recording fit for telling a voice from others? Levels, speech time, clipping and noise, each with a verdict.

use super::speech::{SILENT_DB, STANDS_OUT_DB, Speech};
use crate::frontend::SAMPLE_RATE;

/// Speech that a single recording needs to enrol a voice, in seconds. Of several, [`VERIFY_SPEECH_S`] each make as much.
pub const ENROL_SPEECH_S: f32 = 1.0;
/// Speech that a recording needs to be compared with a voice, in seconds.
pub const VERIFY_SPEECH_S: f32 = 0.5;
/// Speech that a recording of a word or phrase needs to be compared with that word or phrase, in seconds.
pub const PHRASE_SPEECH_S: f32 = 0.2;

/// Longest speech with its pauses, in seconds: attention costs the square of the length, and a voice is known long before.
const MAX_SECONDS: f32 = 60.0;
/// A voice less than this above the noise, in dB, is usable with a warning.
const NOISY_DB: f32 = 15.0;
/// Magnitude that counts as full scale; resampling bends the tops of clipped samples a little.
const FULL_SCALE: f32 = 0.985;
/// Share of samples at full scale that is worth a warning: a few clicks of a second.
const CLIPPED_WARNING: f32 = 0.0005;
/// Share of samples at full scale that changes how a voice sounds.
const CLIPPED: f32 = 0.005;

/// What a recording measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sound {
    /// Length, in seconds.
    pub seconds: f32,
    /// Time in frames that are speech, in seconds.
    pub speech_s: f32,
    /// Length of what is embedded, in seconds: the speech with its short pauses.
    pub voice_s: f32,
    /// Level that 0.2 s of the sound reach, in dB of full scale.
    pub loud_db: f32,
    /// Speech above the quietest tenth of the frames, in dB.
    pub snr_db: f32,
    /// Share of samples at full scale, in 0..=1.
    pub clipped: f32,
}

/// What is wrong with a recording, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Nothing was recorded.
    #[error("silent: its loud parts reach {loud_db:.0} dB of full scale; check the microphone")]
    Silent {
        /// See [`Sound::loud_db`].
        loud_db: f32,
    },
    /// A steady sound: noise, a hum, a tone.
    #[error(
        "no voice stands out from the noise ({snr_db:.0} dB); record nearer to the mouth or in a quieter place"
    )]
    NoVoice {
        /// See [`Sound::snr_db`].
        snr_db: f32,
    },
    /// Too little speech.
    #[error("{:.1} s of speech; record at least {needed_s:.1} s", rounded_down(*speech_s))]
    TooShort {
        /// See [`Sound::speech_s`].
        speech_s: f32,
        /// Smallest that is accepted.
        needed_s: f32,
    },
    /// More speech than a comparison needs or a small board can bear.
    #[error("{voice_s:.0} s of speech; cut it to {MAX_SECONDS} s")]
    TooLong {
        /// See [`Sound::voice_s`].
        voice_s: f32,
    },
    /// Overdriven.
    #[error("{:.1} % of its samples are at full scale; lower the gain", clipped * 100.0)]
    Clipped {
        /// See [`Sound::clipped`].
        clipped: f32,
    },
    /// Usable, with errors to be expected.
    #[error(
        "the voice is only {snr_db:.0} dB above the noise; record nearer to the mouth or in a quieter place"
    )]
    Noisy {
        /// See [`Sound::snr_db`].
        snr_db: f32,
    },
}

impl Sound {
    /// Measures 16 kHz samples.
    pub fn measure(samples: &[f32]) -> Self {
        let speech = Speech::find(samples);
        let at_full_scale = samples.iter().filter(|sample| sample.abs() >= FULL_SCALE).count();
        Sound {
            seconds: seconds(samples.len()),
            speech_s: seconds(speech.samples()),
            voice_s: seconds(speech.stretches().iter().map(|stretch| stretch.len()).sum()),
            loud_db: speech.loud_db,
            snr_db: speech.speech_db - speech.quiet_db,
            clipped: at_full_scale as f32 / samples.len().max(1) as f32,
        }
    }

    /// Refuses what cannot be used, and returns what is worth a warning.
    ///
    /// `needed_s` is [`ENROL_SPEECH_S`], [`VERIFY_SPEECH_S`] or [`PHRASE_SPEECH_S`].
    ///
    /// # Errors
    /// The recording is silent, holds no voice, too little of it, is too long, or is clipped.
    pub fn check(&self, needed_s: f32) -> Result<Option<Flaw>, Flaw> {
        let &Sound { speech_s, voice_s, loud_db, snr_db, clipped, .. } = self;
        if loud_db < SILENT_DB {
            return Err(Flaw::Silent { loud_db });
        }
        if snr_db < STANDS_OUT_DB {
            return Err(Flaw::NoVoice { snr_db });
        }
        if speech_s < needed_s {
            return Err(Flaw::TooShort { speech_s, needed_s });
        }
        if voice_s > MAX_SECONDS {
            return Err(Flaw::TooLong { voice_s });
        }
        if clipped > CLIPPED {
            return Err(Flaw::Clipped { clipped });
        }
        let noisy = (snr_db < NOISY_DB).then_some(Flaw::Noisy { snr_db });
        Ok(noisy.or((clipped > CLIPPED_WARNING).then_some(Flaw::Clipped { clipped })))
    }
}

/// To tenths, so that what is too little does not read as if it were enough.
fn rounded_down(seconds: f32) -> f32 {
    (seconds * 10.0).floor() / 10.0
}

fn seconds(samples: usize) -> f32 {
    samples as f32 / SAMPLE_RATE as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Seconds of noise of this height (uniform, so its rms is height / √3), repeatable.
    fn noise(seconds: f32, height: f32) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..(seconds * 16_000.0) as usize).map(|_| height * next()).collect()
    }

    /// Bursts of 0.3 s with pauses of 0.1 s, over noise: as loud and quiet by turns as speech.
    fn speech(seconds: f32, height: f32, background: f32) -> Vec<f32> {
        let mut samples = noise(seconds, height);
        for (i, (sample, quiet)) in samples.iter_mut().zip(noise(seconds, background)).enumerate() {
            if i % 6400 >= 4800 {
                *sample = quiet;
            }
        }
        samples
    }

    fn verdict(samples: &[f32]) -> Result<Option<Flaw>, Flaw> {
        Sound::measure(samples).check(ENROL_SPEECH_S)
    }

    #[test]
    fn a_clean_recording_passes() {
        let sound = Sound::measure(&speech(3.0, 0.3, 0.003));
        assert_eq!(sound.check(ENROL_SPEECH_S), Ok(None));
        assert!((sound.speech_s - 2.3).abs() < 0.1, "{sound:?}");
        assert!((sound.snr_db - 40.0).abs() < 2.0, "{sound:?}");
    }

    #[test]
    fn every_flaw_is_found() {
        assert!(matches!(verdict(&[]), Err(Flaw::Silent { .. })));
        assert!(matches!(verdict(&[0.0; 48_000]), Err(Flaw::Silent { .. })));
        assert!(matches!(verdict(&noise(3.0, 0.001)), Err(Flaw::Silent { .. })));
        assert!(matches!(verdict(&noise(3.0, 0.3)), Err(Flaw::NoVoice { .. })));
        assert!(matches!(verdict(&speech(1.0, 0.3, 0.003)), Err(Flaw::TooShort { .. })));
        assert!(matches!(verdict(&speech(61.0, 0.3, 0.003)), Err(Flaw::TooLong { .. })));
        assert!(matches!(verdict(&speech(3.0, 0.3, 0.1)), Ok(Some(Flaw::Noisy { .. }))));
        let overdriven: Vec<f32> = speech(3.0, 1.2, 0.003).iter().map(|x| x.clamp(-1.0, 1.0)).collect();
        assert!(matches!(verdict(&overdriven), Err(Flaw::Clipped { .. })));
        let mut clicks = speech(3.0, 0.3, 0.003);
        clicks.iter_mut().step_by(1600).for_each(|sample| *sample = 1.0);
        assert!(matches!(verdict(&clicks), Ok(Some(Flaw::Clipped { .. }))));
    }

    #[test]
    fn too_little_does_not_read_as_if_it_were_enough() {
        let flaw = Flaw::TooShort { speech_s: 0.97, needed_s: 1.0 };
        assert_eq!(flaw.to_string(), "0.9 s of speech; record at least 1.0 s");
    }

    #[test]
    fn an_offset_is_not_a_voice() {
        assert!(matches!(verdict(&[0.4; 48_000]), Err(Flaw::Silent { .. })));
        let shifted: Vec<f32> = speech(3.0, 0.3, 0.003).iter().map(|x| x + 0.2).collect();
        assert_eq!(verdict(&shifted), Ok(None));
    }

    #[test]
    fn a_long_recording_is_judged_by_its_speech() {
        let mut samples = vec![0.0; 70 * 16_000];
        samples[160_000..208_000].copy_from_slice(&speech(3.0, 0.3, 0.003));
        assert_eq!(verdict(&samples), Ok(None));
        let sound = Sound::measure(&samples);
        assert!(sound.seconds == 70.0 && (2.9..3.3).contains(&sound.voice_s), "{sound:?}");
    }

    #[test]
    fn a_word_in_a_long_silence_is_heard() {
        let mut samples = noise(20.0, 0.0005);
        samples[160_000..180_800].copy_from_slice(&speech(1.3, 0.3, 0.003));
        assert_eq!(verdict(&samples), Ok(None));
    }

    proptest! {
        #[test]
        fn measures_are_numbers(samples in prop::collection::vec(-256.0..256.0_f32, 0..2000)) {
            let sound = Sound::measure(&samples);
            for value in [sound.seconds, sound.speech_s, sound.voice_s, sound.loud_db, sound.snr_db, sound.clipped] {
                prop_assert!(value.is_finite());
            }
        }
    }
}
