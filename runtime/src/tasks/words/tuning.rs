//! What a user changes in a decision, beyond the numbers that a model stores.

use super::decision::{DecisionError, check_threshold};
use super::labels::is_keyword;

/// Most windows in a row that may be asked for.
const MAX_TRIGGER: u32 = 100;

/// How words are told apart from what is merely like them, for one user's ears and room.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Thresholds of single keywords in place of the decision's, 0 to 1.
    pub thresholds: Vec<(String, f32)>,
    /// The keywords that are listened for; all of the model's if there is none. Of the others nothing is told.
    pub keywords: Option<Vec<String>>,
    /// How many windows in a row must reach the threshold before there is an event, at least 1. A word between two pauses is
    /// scored by itself, at as many places as windows are averaged, and needs no more than that.
    pub trigger_windows: u32,
    /// A word is told by the window in which it is heard first, and not once its score has passed its peak: some half a second
    /// sooner, with the score of that moment. Of words heard in the same sound the first is told, and not the best; of the same
    /// word said many times in one breath some are told as one.
    pub at_once: bool,
}

impl Default for Tuning {
    /// Changes nothing.
    fn default() -> Self {
        Tuning { thresholds: Vec::new(), keywords: None, trigger_windows: 1, at_once: false }
    }
}

impl Tuning {
    /// The threshold of a keyword; the last that was given counts.
    pub fn threshold(&self, keyword: &str, usual: f32) -> f32 {
        let own = self.thresholds.iter().rev().find(|(word, _)| word == keyword);
        own.map_or(usual, |&(_, threshold)| threshold)
    }

    /// Whether a label is listened for.
    pub fn hears(&self, label: &str) -> bool {
        is_keyword(label)
            && self.keywords.as_ref().is_none_or(|keywords| keywords.iter().any(|word| word == label))
    }

    /// Refuses what a spotter cannot follow.
    pub(super) fn check(&self) -> Result<(), DecisionError> {
        for &(_, threshold) in &self.thresholds {
            check_threshold(threshold)?;
        }
        let value = self.trigger_windows as f32;
        if (1..=MAX_TRIGGER).contains(&self.trigger_windows) {
            Ok(())
        } else {
            Err(DecisionError { field: "trigger_windows", value, lowest: 1.0, highest: MAX_TRIGGER as f32 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_threshold_of_a_word_counts_and_nonsense_is_refused() {
        let own = |word: &str, threshold: f32| (word.to_owned(), threshold);
        let tuning = Tuning { thresholds: vec![own("go", 0.5), own("go", 0.7)], ..Tuning::default() };
        assert_eq!((tuning.threshold("go", 0.6), tuning.threshold("no", 0.6)), (0.7, 0.6));
        assert_eq!(tuning.check(), Ok(()));
        assert!(tuning.hears("go") && !tuning.hears("_silence_"));
        let some = Tuning { keywords: Some(vec!["go".to_owned()]), ..Tuning::default() };
        assert!(some.hears("go") && !some.hears("no"));
        let wrong = Tuning { thresholds: vec![own("go", 1.5)], ..Tuning::default() };
        assert_eq!(wrong.check().map_err(|error| error.field), Err("threshold"));
        let wrong = Tuning { trigger_windows: 0, ..Tuning::default() };
        assert_eq!(wrong.check().map_err(|error| error.field), Err("trigger_windows"));
    }
}
