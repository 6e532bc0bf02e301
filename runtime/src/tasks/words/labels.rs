//! Which labels are words.

/// The label of windows in which nobody speaks, where a model has one.
pub(super) const SILENCE: &str = "_silence_";

/// Whether a label is a word. Those that start with `_` take part in the softmax and are none: `_silence_`, `_unknown_`.
pub fn is_keyword(label: &str) -> bool {
    !label.starts_with('_')
}
