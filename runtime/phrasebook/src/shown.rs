//! Recordings of a phrase, as ways to say it: what the head heard in each of them.

use wavlm_runtime::tasks::phrases::{Alphabet, Background, best_score, phones};

use super::prospect::Prospect;

/// A recording holds the phrase of the others if its score would be reached at most so often in an hour by chance.
const CHANCES_AN_HOUR: f64 = 20.0;
/// Fewest phones of a phrase.
const FEWEST: usize = 3;

/// Why recordings make no phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShownError {
    /// Nothing, or nearly nothing, is said in one of them.
    #[error("hardly anything is said in it; record it again")]
    Silent(usize),
    /// One of them is not like the others.
    #[error("does not say what the others say; record it again, or leave it out")]
    Another(usize),
    /// The background is too short to tell.
    #[error("there is too little background to tell; give more to `wavlm words background`")]
    Background,
}

/// The ways to say a phrase of which these are recordings, as the logits of their frames; at least two.
///
/// # Errors
/// The number of the recording that cannot be used, and why.
pub fn shown(
    recordings: &[Vec<f32>],
    alphabet: &Alphabet,
    background: &Background,
) -> Result<Vec<Vec<usize>>, ShownError> {
    let (width, blank) = (alphabet.len(), alphabet.blank());
    let ways: Vec<Vec<usize>> = recordings.iter().map(|logits| phones(logits, width, blank)).collect();
    if let Some(silent) = ways.iter().position(|way| way.len() < FEWEST) {
        return Err(ShownError::Silent(silent));
    }
    // Of two recordings that disagree neither is known to be the wrong one; of more, the one that is furthest away is.
    let mut worst = None;
    for (number, logits) in recordings.iter().enumerate() {
        let others: Vec<Vec<usize>> = ways
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != number)
            .map(|(_, way)| way.clone())
            .collect();
        let prospect = Prospect::new(background, &others).ok_or(ShownError::Background)?;
        let chances = prospect.alarms_an_hour(best_score(&others, logits, width, blank));
        if worst.is_none_or(|(_, most)| chances > most) {
            worst = Some((number, chances));
        }
    }
    match worst {
        Some((number, chances)) if chances > CHANCES_AN_HOUR => Err(ShownError::Another(number)),
        _ => Ok(ways),
    }
}
