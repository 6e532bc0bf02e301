//! Counts: of rare events, and of labels taken for others.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

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
        assert_eq!(Confusion::default().accuracy(), 0.0);
    }
}
