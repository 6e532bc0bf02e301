//! Which labels are words.

/// The label of windows in which nobody speaks, where a model has one.
pub(super) const SILENCE: &str = "_silence_";

/// Labels that start with `_` take part in the softmax and are no words: `_silence_`, `_unknown_`.
pub(super) fn is_keyword(label: &str) -> bool {
    !label.starts_with('_')
}
