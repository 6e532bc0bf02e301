//! Sound with the dynamics of speech, from a formula: a quantised model's values then have the ranges that they have in
//! use, which zeros or white noise do not give.

use std::f32::consts::TAU;

use wavlm_runtime::frontend::SAMPLE_RATE;

/// Pitch in the middle of its glide, in hertz.
const PITCH: f32 = 140.0;
/// Harmonics up to 4 kHz.
const HARMONICS: u32 = 28;
/// Syllables per second.
const SYLLABLES: f32 = 4.0;

/// Seconds of syllables: a gliding pitch, harmonics under a moving formant, pauses with breath.
pub fn like(seconds: f32) -> Vec<f32> {
    let mut phase = 0.0_f32;
    let mut noise = 1_u32;
    (0..(seconds * SAMPLE_RATE as f32) as usize)
        .map(|i| {
            let time = i as f32 / SAMPLE_RATE as f32;
            let pitch = PITCH * (1.0 + 0.2 * (TAU * 0.7 * time).sin());
            phase = (phase + pitch / SAMPLE_RATE as f32).fract();
            let formant = 900.0 + 600.0 * (TAU * 1.3 * time).sin();
            let voice: f32 = (1..=HARMONICS)
                .map(|harmonic| {
                    let distance = (pitch * harmonic as f32 - formant) / 500.0;
                    (TAU * phase * harmonic as f32).sin() / (1.0 + distance * distance)
                })
                .sum();
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let breath = (noise >> 8) as f32 / (1 << 23) as f32 - 1.0;
            let syllable = (TAU * SYLLABLES * time).sin().max(0.0);
            0.1 * syllable * voice + 0.003 * breath
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use wavlm_runtime::tasks::speaker::{Sound, VERIFY_SPEECH_S};

    use super::*;

    #[test]
    fn it_passes_for_a_recording_of_speech() {
        let samples = like(3.0);
        assert_eq!(samples.len(), 48_000);
        assert_eq!(Sound::measure(&samples).check(VERIFY_SPEECH_S), Ok(None));
    }
}
