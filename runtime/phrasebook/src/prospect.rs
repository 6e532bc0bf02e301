//! What may be expected of a phrase before anybody has said it.

use wavlm_runtime::tasks::phrases::{Background, Thresholds};

/// How a phrase will do, by the background that a model heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Prospect {
    thresholds: Thresholds,
    /// Scores of phrases that were said, in order.
    spoken: Vec<f32>,
}

impl Prospect {
    /// That of the ways to say a phrase; `None` if the background is too short.
    pub fn new(background: &Background, ways: &[Vec<usize>]) -> Option<Self> {
        let thresholds = background.alarms(ways).thresholds()?;
        Some(Prospect { thresholds, spoken: background.spoken.clone() })
    }

    /// The threshold for so many false alarms an hour, 0 to 1.
    pub fn threshold(&self, alarms_an_hour: f64) -> f32 {
        self.thresholds.threshold(alarms_an_hour)
    }

    /// How many false alarms an hour a threshold gives.
    pub fn alarms_an_hour(&self, threshold: f32) -> f64 {
        self.thresholds.alarms_an_hour(threshold)
    }

    /// The share of phrases, said clearly by voices that no training knew, that reach a threshold; `None` if the background
    /// does not tell.
    pub fn heard(&self, threshold: f32) -> Option<f64> {
        let below = self.spoken.partition_point(|&score| score < threshold);
        (!self.spoken.is_empty()).then(|| 1.0 - below as f64 / self.spoken.len() as f64)
    }
}
