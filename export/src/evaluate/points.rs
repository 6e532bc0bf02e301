//! Thresholds at which keywords are counted.

use serde::Serialize;
use wavlm_format::Decision;

/// One threshold, by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// `cautious` is the threshold that the model stores, `eager` its lower one; others are called by their value.
    #[serde(rename = "point")]
    pub name: String,
    /// Smallest score that counts.
    pub threshold: f32,
}

/// The thresholds of a decision, then others.
pub(super) fn of(decision: &Decision, others: &[f32]) -> Vec<Point> {
    let point = |name: &str, threshold| Point { name: name.to_owned(), threshold };
    let mut points = vec![point("cautious", decision.threshold)];
    points.extend(decision.lower_threshold.map(|lower| point("eager", lower)));
    points.extend(others.iter().map(|&threshold| point(&threshold.to_string(), threshold)));
    points
}

#[cfg(test)]
mod tests {
    use wavlm_runtime::tasks::words::UNTUNED;

    use super::*;

    #[test]
    fn stored_thresholds_come_first_and_have_names() {
        let names = |decision, others: &[f32]| -> Vec<String> {
            of(decision, others).into_iter().map(|point| point.name).collect()
        };
        assert_eq!(names(&UNTUNED, &[]), ["cautious"]);
        let both = Decision { lower_threshold: Some(0.4), ..UNTUNED };
        assert_eq!(names(&both, &[0.25, 0.5]), ["cautious", "eager", "0.25", "0.5"]);
    }
}
