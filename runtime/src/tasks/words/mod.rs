//! Which keyword was said, and when.
//!
//! ```text
//! listening  sound, piece by piece -> detections: the loop that every program uses
//! hearer     pieces of samples -> detections, with whatever scores windows
//! score      what is asked of whatever scores windows
//! model      a session of the words head: window -> logits
//!   agreement    what the phones of a window have against its keywords
//!   second_look  a window in which a keyword is likely, slower and faster
//! voices     the voices in the latest windows, until their words are told
//! labels     which labels are words
//! tuning     what a user changes in a decision
//! gate       windows in which nobody speaks need no model
//! spotter    sound -> windows to score; their logits -> detections
//!   sliding    sound -> windows that slide over it
//!   levels     where in the sound is something loud, and where are pauses
//!   peaks      scores of sliding windows -> one event per word
//!   stretches  sound between pauses that may be a word
//!   close_up   a stretch between pauses, scored as if it stood alone
//!   rows       such stretches in a row are believed, where nothing else is between
//!   rivals     one stretch of sound is one word
//! ```
//!
//! Memory is a window of samples and a few scores per keyword, however long the sound, and the result does not depend on
//! how the sound is cut into pieces.

mod agreement;
mod close_up;
mod decision;
mod gate;
mod hearer;
mod labels;
mod levels;
mod listening;
mod model;
mod peaks;
mod rivals;
mod rows;
mod score;
mod second_look;
mod sliding;
mod spotter;
mod stretches;
mod tuning;
mod voices;

pub use decision::{DecisionError, UNTUNED};
pub use gate::Gate;
pub use hearer::Hearer;
pub use labels::is_keyword;
pub use listening::{Heard, Listening, ListeningError};
pub use model::{Beside, WordModel};
pub use score::{Score, Scored, probabilities};
pub use spotter::{Detection, KeywordSpotter, Window};
pub use tuning::Tuning;

pub(super) fn seconds_to_samples(seconds: f32) -> usize {
    (seconds * crate::frontend::SAMPLE_RATE as f32).round() as usize
}

#[cfg(test)]
mod tests;
