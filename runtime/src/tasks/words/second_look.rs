//! A window as it would sound if it were said a little faster, as loud as any other, and by one way to connect a microphone.
//!
//! A word remains one, and the chance that made something else look like one does not: this is test-time augmentation, by
//! the speed perturbation of Ko et al. (2015). Since every window is heard so at one level and with one polarity, neither
//! matters any more where a keyword was likely at all.

use crate::tasks::power::power;

/// Root mean square of the loudest frames of what is heard again, of full scale.
const LEVEL: f32 = 0.2;
/// Samples of a frame, 10 ms, and how many of the loudest ones are measured, as long as a short vowel.
const FRAME: usize = 160;
const LOUDEST: usize = 20;

/// As many samples as the window has, with its middle in their middle, faster by this share, and silence beyond its ends.
/// Samples in between are those of a cubic spline (Catmull and Rom, 1974).
pub(super) fn again(window: &[f32], speed_change: f32) -> Vec<f32> {
    let (speed, gain) = (1.0 + speed_change, polarity(window) * LEVEL / level(window));
    let middle = window.len() as f32 / 2.0;
    let sample = |at: i64| usize::try_from(at).ok().and_then(|at| window.get(at)).copied().unwrap_or(0.0);
    let at = |place: usize| {
        let from = (place as f32 - middle) * speed + middle;
        let (whole, part) = (from.floor() as i64, from - from.floor());
        let [before, here, next, behind] = [whole - 1, whole, whole + 1, whole + 2].map(sample);
        let third = 3.0 * (here - next) + behind - before;
        let second = 2.0 * before - 5.0 * here + 4.0 * next - behind;
        gain * (here + 0.5 * part * (next - before + part * (second + part * third)))
    };
    (0..window.len()).map(at).collect()
}

/// Root mean square of the loudest frames; that of 16-bit sound's last bit at least.
fn level(window: &[f32]) -> f32 {
    let mut powers: Vec<f32> = window.chunks(FRAME).map(power).collect();
    powers.sort_by(|a, b| b.total_cmp(a));
    powers.truncate(LOUDEST);
    (powers.iter().sum::<f32>() / powers.len().max(1) as f32).sqrt().max(f32::from(i16::MAX).recip())
}

/// The sign of the skewness: voiced speech leans to one side, whose sign is that of the microphone.
fn polarity(window: &[f32]) -> f32 {
    let sum = |of: &dyn Fn(f64) -> f64| window.iter().map(|&sample| of(f64::from(sample))).sum::<f64>();
    let mean = sum(&|sample| sample) / window.len().max(1) as f64;
    if sum(&|sample| (sample - mean).powi(3)) < 0.0 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slow wave, which a cubic follows closely; its crests are higher than its troughs are deep.
    fn wave(length: usize, step: f32) -> Vec<f32> {
        let phase = |at: usize| step * (at as f32 - length as f32 / 2.0);
        (0..length).map(|at| 0.3 * phase(at).cos() + 0.06 * (2.0 * phase(at)).cos()).collect()
    }

    fn times(gain: f32, sound: &[f32]) -> Vec<f32> {
        sound.iter().map(|sample| gain * sample).collect()
    }

    fn is_close(found: &[f32], expected: &[f32]) -> bool {
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.002)
    }

    #[test]
    fn the_middle_stays_and_the_rest_comes_sooner() {
        let window = wave(16_000, 0.05);
        let (found, expected) = (again(&window, 0.1), times(LEVEL / level(&window), &wave(16_000, 0.055)));
        assert!(is_close(&found[800..15_200], &expected[800..15_200]));
    }

    #[test]
    fn silence_is_around_what_is_faster() {
        let heard = again(&wave(16_000, 0.05), 0.25);
        assert!(heard[..1590].iter().chain(&heard[14_410..]).all(|&sample| sample == 0.0));
        assert!(heard[1700..1800].iter().any(|&sample| sample != 0.0));
    }

    #[test]
    fn neither_gain_nor_polarity_matters() {
        let wave = wave(16_000, 0.05);
        let expected = times(LEVEL / level(&wave), &wave);
        for gain in [0.01, 0.5, 3.0, -1.0, -0.1] {
            assert!(is_close(&again(&times(gain, &wave), 0.0), &expected), "{gain}");
        }
    }

    #[test]
    fn silence_stays_silence() {
        assert!(again(&[0.0; 16_000], 0.1).iter().all(|&sample| sample == 0.0));
        assert!(again(&[], 0.1).is_empty());
    }
}
