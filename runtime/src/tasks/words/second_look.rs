//! A window as it would sound if it were said a little slower, or a little faster.
//!
//! What is a word remains one, and the chance that made something else look like one does not: this is test-time
//! augmentation, by the speed perturbation of Ko et al. (2015).

/// A window that is heard again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// Of the sound, times its own.
    speed: f32,
    /// What every sample is multiplied by: 1 or -1.
    polarity: f32,
}

impl Look {
    /// Slower by this share of its speed, with its polarity reversed; and as much faster.
    pub(super) fn both(speed_change: f32) -> [Look; 2] {
        [
            Look { speed: 1.0 - speed_change, polarity: -1.0 },
            Look { speed: 1.0 + speed_change, polarity: 1.0 },
        ]
    }

    /// As many samples as the window has, with its middle in their middle, and silence beyond its ends. Samples in between are
    /// those of a cubic spline (Catmull and Rom, 1974).
    pub(super) fn of(self, window: &[f32]) -> Vec<f32> {
        let middle = window.len() as f32 / 2.0;
        let sample = |at: i64| usize::try_from(at).ok().and_then(|at| window.get(at)).copied().unwrap_or(0.0);
        let at = |place: usize| {
            let from = (place as f32 - middle) * self.speed + middle;
            let (whole, part) = (from.floor() as i64, from - from.floor());
            let [before, here, next, behind] = [whole - 1, whole, whole + 1, whole + 2].map(sample);
            let third = 3.0 * (here - next) + behind - before;
            let second = 2.0 * before - 5.0 * here + 4.0 * next - behind;
            self.polarity * (here + 0.5 * part * (next - before + part * (second + part * third)))
        };
        (0..window.len()).map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slow wave, which a cubic follows closely.
    fn wave(length: usize, step: f32) -> Vec<f32> {
        (0..length).map(|at| (step * (at as f32 - length as f32 / 2.0)).sin()).collect()
    }

    #[test]
    fn the_middle_stays_and_the_rest_comes_sooner_or_later() {
        let window = wave(1000, 0.05);
        let [slower, faster] = Look::both(0.1);
        let close = |found: &[f32], expected: &[f32]| {
            let inner = 100..900;
            let mut apart = found[inner.clone()].iter().zip(&expected[inner]).map(|(a, b)| (a - b).abs());
            assert!(apart.all(|apart| apart < 1e-3));
        };
        close(&faster.of(&window), &wave(1000, 0.055));
        let reversed: Vec<f32> = wave(1000, 0.045).iter().map(|sample| -sample).collect();
        close(&slower.of(&window), &reversed);
    }

    #[test]
    fn silence_is_around_what_is_faster() {
        let [_, faster] = Look::both(0.25);
        let heard = faster.of(&[1.0; 100]);
        assert_eq!((heard.len(), heard[0], heard[50], heard[99]), (100, 0.0, 1.0, 0.0));
        assert!(faster.of(&[]).is_empty());
    }

    #[test]
    fn no_change_of_speed_changes_nothing_but_polarity() {
        let window = wave(99, 0.3);
        let [slower, faster] = Look::both(0.0);
        assert_eq!(faster.of(&window), window);
        assert_eq!(slower.of(&window), window.iter().map(|sample| -sample).collect::<Vec<_>>());
    }
}
