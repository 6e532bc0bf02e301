//! Errors of decisions by a threshold: equal error rate, detection cost, calibration.

use serde::Serialize;

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

/// A line from scores to log-likelihood ratios.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Factor of a score.
    pub slope: f64,
    /// What is added.
    pub offset: f64,
}

impl Calibration {
    /// Scores that are log-likelihood ratios already.
    pub const NONE: Self = Self { slope: 1.0, offset: 0.0 };

    /// The log-likelihood ratio of a score.
    pub fn apply(&self, score: f32) -> f64 {
        self.slope * f64::from(score) + self.offset
    }
}

/// Steps of Newton's method; it converges in fewer than ten.
const NEWTON_STEPS: usize = 30;
/// Weight of the slope's square in the regression.
const SLOPE_PENALTY: f64 = 1e-9;

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

    /// The equal error rate, where the line through the points of the curve meets equal rates, and the threshold of the point
    /// that is closest to it.
    pub fn equal_error(&self) -> (f64, f32) {
        if self.same.is_empty() || self.different.is_empty() {
            return (0.0, f32::INFINITY);
        }
        let gap = |errors: &Errors| errors.fnmr - errors.fmr;
        let curve = self.curve();
        let closest = curve.iter().min_by(|a, b| gap(a).abs().total_cmp(&gap(b).abs()));
        let threshold = closest.map_or(f32::INFINITY, |errors| errors.threshold);
        // The gap grows from −1 to 1 along the curve.
        let after = curve.iter().position(|errors| gap(errors) >= 0.0).unwrap_or(curve.len() - 1);
        let (high, low) = (&curve[after], &curve[after.saturating_sub(1)]);
        let (below, above) = (-gap(low), gap(high));
        let share = if below + above > 0.0 { below / (below + above) } else { 1.0 };
        (low.fnmr + share * (high.fnmr - low.fnmr), threshold)
    }

    /// The smallest detection cost, with equal costs of both errors and this prior probability of a claim being true,
    /// relative to that of always rejecting or always accepting, whichever is less (NIST's minDCF).
    pub fn min_dcf(&self, prior: f64) -> f64 {
        let cost = |errors: &Errors| prior * errors.fnmr + (1.0 - prior) * errors.fmr;
        let least = self.curve().iter().map(cost).fold(f64::INFINITY, f64::min);
        (least / prior.min(1.0 - prior)).min(1.0)
    }

    /// The smallest false non-match rate at which the false match rate is at most this.
    pub fn fnmr_at(&self, fmr: f64) -> f64 {
        let allowed = self.curve().into_iter().filter(|errors| errors.fmr <= fmr);
        allowed.map(|errors| errors.fnmr).fold(1.0, f64::min)
    }

    /// The cost of the scores as log-likelihood ratios, in bits (Cllr; Brümmer and du Preez, 2006): 0 if they are certain and
    /// right, 1 if they say nothing.
    pub fn cllr(&self, calibration: Calibration) -> f64 {
        let bits = |scores: &[f32], sign: f64| {
            let cost =
                |&score: &f32| (-sign * calibration.apply(score)).exp().ln_1p() / std::f64::consts::LN_2;
            scores.iter().map(cost).sum::<f64>() / scores.len().max(1) as f64
        };
        (bits(&self.same, 1.0) + bits(&self.different, -1.0)) / 2.0
    }

    /// The line that makes log-likelihood ratios of the scores, at which [`cllr`](Self::cllr) is least: logistic regression
    /// with equal weight on both sides, by Newton's method.
    pub fn calibration(&self) -> Calibration {
        let all = self.same.iter().chain(&self.different);
        let count = (self.same.len() + self.different.len()).max(1) as f64;
        let mean = all.clone().map(|&score| f64::from(score)).sum::<f64>() / count;
        let spread =
            (all.map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / count).sqrt().max(1e-12);
        let (mut slope, mut offset) = (1.0, 0.0);
        for _ in 0..NEWTON_STEPS {
            // Gradient and second derivatives by slope and offset; a little weight on the slope keeps it finite where the
            // sides do not overlap.
            let (mut g, mut h) = ([SLOPE_PENALTY * slope, 0.0], [SLOPE_PENALTY, 0.0, 1e-12]);
            for (scores, target) in [(&self.same, 1.0), (&self.different, 0.0)] {
                let weight = 1.0 / scores.len().max(1) as f64;
                for &score in scores {
                    let x = (f64::from(score) - mean) / spread;
                    let chance = 1.0 / (1.0 + (-(slope * x + offset)).exp());
                    let (wrong, curve) = (weight * (chance - target), weight * chance * (1.0 - chance));
                    g = [g[0] + wrong * x, g[1] + wrong];
                    h = [h[0] + curve * x * x, h[1] + curve * x, h[2] + curve];
                }
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            if determinant.abs() < 1e-18 {
                break;
            }
            slope -= (h[2] * g[0] - h[1] * g[1]) / determinant;
            offset -= (h[0] * g[1] - h[1] * g[0]) / determinant;
        }
        Calibration { slope: slope / spread, offset: offset - slope * mean / spread }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separated_scores_have_no_error() {
        let trials = Trials { same: vec![0.8, 0.9], different: vec![-0.1, 0.2, 0.3] };
        assert_eq!(trials.equal_error(), (0.0, 0.8));
        assert_eq!(trials.min_dcf(0.01), 0.0);
    }

    #[test]
    fn one_pair_of_four_on_the_wrong_side() {
        let trials = Trials { same: vec![0.2, 0.7, 0.8, 0.9], different: vec![0.0, 0.1, 0.3, 0.75] };
        let (rate, threshold) = trials.equal_error();
        assert_eq!(rate, 0.25);
        assert_eq!(trials.errors_at(threshold), Errors { threshold, fnmr: 0.25, fmr: 0.25 });
        // Accepting a quarter of the others would cost 24.75; rejecting half of the same costs a half.
        assert_eq!(trials.min_dcf(0.01), 0.5);
    }

    #[test]
    fn the_equal_rate_lies_between_the_points() {
        // At 0.5 one of three is rejected and one of two accepted; at 0.6 the other way round.
        let trials = Trials { same: vec![0.4, 0.5, 0.9], different: vec![0.1, 0.55] };
        assert!((trials.equal_error().0 - 0.5).abs() < 1e-9);
        let trials = Trials { same: vec![0.2, 0.6, 0.7], different: vec![0.1, 0.3, 0.4, 0.65] };
        assert!((trials.equal_error().0 - 1.0 / 3.0).abs() < 1e-9, "{}", trials.equal_error().0);
        assert_eq!(trials.fnmr_at(0.25), 1.0 / 3.0);
        assert_eq!(trials.fnmr_at(0.1), 2.0 / 3.0);
    }

    #[test]
    fn calibration_makes_likelihood_ratios() {
        let trials = Trials { same: vec![2.0, 1.0, -0.5, 3.0], different: vec![-2.0, 0.5, -1.0, -3.0] };
        assert!(
            (Trials { same: vec![0.0], different: vec![0.0] }.cllr(Calibration::NONE) - 1.0).abs() < 1e-12
        );
        let (raw, calibrated) = (trials.cllr(Calibration::NONE), trials.cllr(trials.calibration()));
        assert!(calibrated < raw && calibrated > 0.0, "{calibrated} {raw}");
        // At the least, no small change helps.
        let best = trials.calibration();
        for (slope, offset) in [(0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01)] {
            let other = Calibration { slope: best.slope + slope, offset: best.offset + offset };
            assert!(trials.cllr(other) > calibrated);
        }
        // Scores moved and stretched are calibrated to the same.
        let moved = |scores: &[f32]| scores.iter().map(|score| 0.1 * score + 0.7).collect();
        let moved = Trials { same: moved(&trials.same), different: moved(&trials.different) };
        assert!((moved.cllr(moved.calibration()) - calibrated).abs() < 1e-6);
    }

    #[test]
    fn equal_scores_are_decided_together() {
        let trials = Trials { same: vec![0.5; 3], different: vec![0.5; 3] };
        assert_eq!(trials.equal_error().0, 0.5);
        assert_eq!(trials.min_dcf(0.01), 1.0);
        assert_eq!(trials.errors_at(0.5), Errors { threshold: 0.5, fnmr: 0.0, fmr: 1.0 });
    }

    #[test]
    fn no_trials_have_no_errors() {
        assert_eq!(Trials::default().equal_error().0, 0.0);
    }
}
