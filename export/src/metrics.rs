//! Figures of merit, from scores and labels alone.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Prior probability of the claimed speaker in the detection cost, as in NIST's evaluations.
const TARGET_PRIOR: f64 = 0.01;

/// Scores of a verification: a higher one says "the same".
#[derive(Clone, Debug, Default)]
pub struct Trials {
    /// Scores of pairs that are the same.
    pub same: Vec<f32>,
    /// Scores of pairs that are not.
    pub different: Vec<f32>,
}

/// One point of a verification's trade-off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Scores from here on are accepted.
    pub threshold: f32,
    /// Share of `same` pairs that are rejected (false non-match rate).
    pub fnmr: f64,
    /// Share of `different` pairs that are accepted (false match rate).
    pub fmr: f64,
}

impl Trials {
    /// Both error rates at a threshold. An empty side has no errors.
    pub fn errors_at(&self, threshold: f32) -> Errors {
        let share =
            |count: usize, of: &[f32]| if of.is_empty() { 0.0 } else { count as f64 / of.len() as f64 };
        let rejected = self.same.iter().filter(|&&score| score < threshold).count();
        let accepted = self.different.iter().filter(|&&score| score >= threshold).count();
        Errors { threshold, fnmr: share(rejected, &self.same), fmr: share(accepted, &self.different) }
    }

    /// Both error rates with each score as the threshold, from the lowest on, and with one above all scores.
    fn curve(&self) -> Vec<Errors> {
        let mut scores: Vec<(f32, bool)> = self.same.iter().map(|&score| (score, true)).collect();
        scores.extend(self.different.iter().map(|&score| (score, false)));
        scores.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [same, different] = [&self.same, &self.different].map(|side| side.len().max(1) as f64);
        let (mut rejected, mut accepted) = (0, self.different.len());
        let mut curve = Vec::new();
        for (i, &(threshold, is_same)) in scores.iter().enumerate() {
            if i == 0 || scores[i - 1].0 != threshold {
                curve.push(Errors {
                    threshold,
                    fnmr: f64::from(rejected) / same,
                    fmr: accepted as f64 / different,
                });
            }
            if is_same {
                rejected += 1;
            } else {
                accepted -= 1;
            }
        }
        curve.push(Errors { threshold: f32::INFINITY, fnmr: f64::from(rejected) / same, fmr: 0.0 });
        curve
    }

    /// At most so many points of the curve of both error rates, evenly taken, from the lowest threshold to the highest score.
    pub fn curve_of(&self, points: usize) -> Vec<Errors> {
        let mut curve = self.curve();
        curve.pop();
        let step = curve.len().div_ceil(points.max(1)).max(1);
        curve.into_iter().step_by(step).collect()
    }

    /// The equal error rate, and the threshold that gives it: where the two rates are closest, their mean.
    pub fn equal_error(&self) -> (f64, f32) {
        let gap = |errors: &Errors| (errors.fnmr - errors.fmr).abs();
        let curve = self.curve();
        let equal = curve.iter().min_by(|a, b| gap(a).total_cmp(&gap(b)));
        equal.map_or((0.0, f32::INFINITY), |errors| ((errors.fnmr + errors.fmr) / 2.0, errors.threshold))
    }

    /// The smallest detection cost, with equal costs of both errors, relative to that of always rejecting.
    pub fn min_dcf(&self) -> f64 {
        let cost = |errors: &Errors| errors.fnmr + errors.fmr * (1.0 - TARGET_PRIOR) / TARGET_PRIOR;
        self.curve().iter().map(cost).fold(1.0, f64::min)
    }
}

/// Where the mean number of events lies with a confidence of 95 %, when `count` were seen: the exact interval of a Poisson
/// distribution (Garwood 1936).
pub fn poisson_interval(count: usize) -> [f64; 2] {
    let quantile = |share: f64, events: usize| {
        ChiSquared::new(2.0 * events as f64).map_or(0.0, |law| law.inverse_cdf(share) / 2.0)
    };
    [quantile(0.025, count), quantile(0.975, count + 1)]
}

/// How often each label was taken for which.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Confusion {
    /// True label to found label to count.
    pub counts: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Confusion {
    /// Counts one answer.
    pub fn add(&mut self, expected: &str, found: &str) {
        let row = self.counts.entry(expected.to_owned()).or_default();
        *row.entry(found.to_owned()).or_default() += 1;
    }

    /// Share of right answers.
    pub fn accuracy(&self) -> f64 {
        let right: usize = self.counts.iter().map(|(label, row)| row.get(label).copied().unwrap_or(0)).sum();
        let all: usize = self.counts.values().flat_map(BTreeMap::values).sum();
        right as f64 / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separated_scores_have_no_error() {
        let trials = Trials { same: vec![0.8, 0.9], different: vec![-0.1, 0.2, 0.3] };
        assert_eq!(trials.equal_error(), (0.0, 0.8));
        assert_eq!(trials.min_dcf(), 0.0);
    }

    #[test]
    fn one_pair_of_four_on_the_wrong_side() {
        let trials = Trials { same: vec![0.2, 0.7, 0.8, 0.9], different: vec![0.0, 0.1, 0.3, 0.75] };
        let (rate, threshold) = trials.equal_error();
        assert_eq!(rate, 0.25);
        assert_eq!(trials.errors_at(threshold), Errors { threshold, fnmr: 0.25, fmr: 0.25 });
        // Accepting a quarter of the others would cost 24.75; rejecting half of the same costs a half.
        assert_eq!(trials.min_dcf(), 0.5);
    }

    #[test]
    fn equal_scores_are_decided_together() {
        let trials = Trials { same: vec![0.5; 3], different: vec![0.5; 3] };
        assert_eq!(trials.equal_error().0, 0.5);
        assert_eq!(trials.min_dcf(), 1.0);
        assert_eq!(trials.errors_at(0.5), Errors { threshold: 0.5, fnmr: 0.0, fmr: 1.0 });
    }

    #[test]
    fn no_trials_have_no_errors() {
        assert_eq!(Trials::default().equal_error().0, 0.0);
        assert_eq!(Confusion::default().accuracy(), 0.0);
    }

    #[test]
    fn intervals_of_rare_events_are_those_of_the_tables() {
        for (count, expected) in [(0, [0.0, 3.689]), (1, [0.025, 5.572]), (10, [4.795, 18.390])] {
            let found = poisson_interval(count);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{count}: {found:?}");
        }
    }

    #[test]
    fn accuracy_counts_the_diagonal() {
        let mut confusion = Confusion::default();
        for (expected, found) in [("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", "no")] {
            confusion.add(expected, found);
        }
        assert_eq!(confusion.accuracy(), 0.75);
        assert_eq!(confusion.counts["yes"]["no"], 1);
    }
}
