//! From how often a score is reached where nobody says the phrase, the threshold for so many false alarms an hour.

/// The tail is taken from the score on that is reached so often in an hour.
const TAIL_AN_HOUR: f64 = 40.0;
/// Fewest and most alarms of the tail.
const FEWEST: usize = 5;
const MOST: usize = 400;

/// The endings of a phrase in sound that does not hold it.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarms {
    /// The best score around each of them, 0 to 1.
    pub scores: Vec<f32>,
    /// Hours of the sound.
    pub hours: f64,
}

/// How the scores of false alarms are distributed: above some score, their logarithms are exponential (Pickands, 1975; the
/// shape of the generalised Pareto distribution is taken as 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Logarithm of the score at which the tail begins, and how often that is reached in an hour.
    begin: f64,
    an_hour: f64,
    /// Mean of what they lie above it.
    scale: f64,
}

impl Alarms {
    /// The distribution; `None` if there are too few of them to tell.
    pub fn thresholds(&self) -> Option<Thresholds> {
        let mut logs: Vec<f64> =
            self.scores.iter().map(|&score| f64::from(score.max(f32::MIN_POSITIVE)).ln()).collect();
        logs.sort_by(|a, b| b.total_cmp(a));
        let wanted =
            ((TAIL_AN_HOUR * self.hours) as usize).clamp(FEWEST, MOST).min(logs.len().checked_sub(1)?);
        let begin = *logs.get(wanted).filter(|_| wanted >= FEWEST && self.hours > 0.0)?;
        let scale = logs.iter().take(wanted).map(|log| log - begin).sum::<f64>() / wanted as f64;
        // All alike: as of a word that is said all the time, and reaches the best score whenever it is.
        let scale = scale.max(f64::MIN_POSITIVE);
        Some(Thresholds { begin, an_hour: wanted as f64 / self.hours, scale })
    }
}

impl Thresholds {
    /// The score that is reached so often in an hour, 0 to 1.
    pub fn threshold(&self, alarms_an_hour: f64) -> f32 {
        (self.begin + self.scale * (self.an_hour / alarms_an_hour).ln()).exp().min(1.0) as f32
    }

    /// How often a score is reached in an hour; of scores below the tail, at least so often.
    pub fn alarms_an_hour(&self, score: f32) -> f64 {
        let above = (f64::from(score).ln() - self.begin).max(0.0) / self.scale;
        self.an_hour * (-above).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores whose logarithms are exponential: `count` of them in ten hours, a mean of 0.2 above ln 0.1.
    fn alarms(count: usize) -> Alarms {
        let quantile = |n: usize| -(((n as f64 + 0.5) / count as f64).ln());
        let scores = (0..count).map(|n| (0.1_f64.ln() + 0.2 * quantile(n)).exp() as f32).collect();
        Alarms { scores, hours: 10.0 }
    }

    #[test]
    fn the_tail_is_told_beyond_what_was_heard() {
        let thresholds = alarms(2000).thresholds().expect("enough");
        for an_hour in [0.05, 0.5, 5.0] {
            let truth = (0.1_f64.ln() + 0.2 * (200.0_f64 / an_hour).ln()).exp() as f32;
            let found = thresholds.threshold(an_hour);
            assert!((found / truth - 1.0).abs() < 0.03, "{an_hour}: {found}, not {truth}");
            assert!((thresholds.alarms_an_hour(found) / an_hour - 1.0).abs() < 0.01);
        }
        assert_eq!(thresholds.threshold(1e-30), 1.0);
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(alarms(4).thresholds(), None);
        let alike = Alarms { scores: vec![1.0; 50], hours: 1.0 }.thresholds().expect("enough");
        assert_eq!((alike.threshold(0.5), alike.alarms_an_hour(1.0)), (1.0, 40.0));
        assert_eq!(Alarms { scores: Vec::new(), hours: 0.0 }.thresholds(), None);
    }
}
