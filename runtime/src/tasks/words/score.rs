//! What is asked of whatever scores windows.

use super::Window;
use crate::error::Error;

/// What a model says of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// One logit per label.
    pub logits: Vec<f32>,
    /// The voice in it, as the speaker head gave it, if that was asked for.
    pub voice: Option<Vec<f32>>,
    /// Logits of its frames, one after the other, as the CTC head gave them, if that was asked for.
    pub phones: Option<Vec<f32>>,
}

/// A window in which a keyword is at least as probable as this is looked at more closely.
pub(super) const LIKELY: f32 = 0.5;

/// The probability of each label: a softmax over the logits.
pub fn probabilities(logits: &[f32]) -> Vec<f32> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut probabilities: Vec<f32> = logits.iter().map(|logit| (logit - max).exp()).collect();
    let sum: f32 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|probability| *probability /= sum);
    probabilities
}

/// Scores windows: a [`WordModel`](super::WordModel), or any function that gives logits.
pub trait Score {
    /// What is to be said of a window.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    fn score(&mut self, window: Window<'_>) -> Result<Scored, Error>;
}

impl<F: FnMut(Window<'_>) -> Result<Vec<f32>, Error>> Score for F {
    fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
        Ok(Scored { logits: self(window)?, voice: None, phones: None })
    }
}
