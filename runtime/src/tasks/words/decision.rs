//! The numbers that say when a keyword counts as heard, and their limits.

use wavlm_format::Decision;

/// Used for heads that carry no decision: cautious, and not measured on anything.
pub const UNTUNED: Decision = Decision {
    threshold: 0.7,
    lower_threshold: None,
    text_dependent_threshold: None,
    window_s: 1.0,
    hop_s: 0.25,
    smoothing_windows: 2,
    refractory_s: 1.0,
    confirmation: None,
};

/// Longest window, in seconds; attention costs the square of it.
const MAX_WINDOW_S: f32 = 30.0;
/// Shortest hop, in seconds: half a frame of the model.
const MIN_HOP_S: f32 = 0.01;
/// Most windows averaged.
const MAX_SMOOTHING: u32 = 100;
/// Longest silence after a detection, in seconds.
const MAX_REFRACTORY_S: f32 = 3600.0;

/// A decision that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}; it must lie between {lowest} and {highest}")]
pub struct DecisionError {
    /// Field of [`Decision`].
    pub field: &'static str,
    /// What it holds.
    pub value: f32,
    /// Smallest value that makes sense.
    pub lowest: f32,
    /// Largest value that makes sense.
    pub highest: f32,
}

fn within(field: &'static str, value: f32, lowest: f32, highest: f32) -> Result<(), DecisionError> {
    if (lowest..=highest).contains(&value) {
        Ok(())
    } else {
        Err(DecisionError { field, value, lowest, highest })
    }
}

/// Refuses what is no probability.
pub(super) fn check_threshold(threshold: f32) -> Result<(), DecisionError> {
    within("threshold", threshold, 0.0, 1.0)
}

/// Refuses a decision that a spotter cannot follow.
pub(super) fn check(decision: &Decision) -> Result<(), DecisionError> {
    check_threshold(decision.threshold)?;
    within("window_s", decision.window_s, MIN_HOP_S, MAX_WINDOW_S)?;
    within("hop_s", decision.hop_s, MIN_HOP_S, decision.window_s)?;
    within("smoothing_windows", decision.smoothing_windows as f32, 1.0, MAX_SMOOTHING as f32)?;
    within("refractory_s", decision.refractory_s, 0.0, MAX_REFRACTORY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_that_make_no_sense_are_refused() {
        assert_eq!(check(&UNTUNED), Ok(()));
        let refused = |decision: Decision| check(&decision).expect_err("refused").field;
        assert_eq!(refused(Decision { threshold: f32::NAN, ..UNTUNED }), "threshold");
        assert_eq!(refused(Decision { window_s: 0.0, ..UNTUNED }), "window_s");
        assert_eq!(refused(Decision { window_s: f32::INFINITY, ..UNTUNED }), "window_s");
        assert_eq!(refused(Decision { hop_s: 2.0, ..UNTUNED }), "hop_s");
        assert_eq!(refused(Decision { smoothing_windows: 0, ..UNTUNED }), "smoothing_windows");
        assert_eq!(refused(Decision { refractory_s: -1.0, ..UNTUNED }), "refractory_s");
    }
}
