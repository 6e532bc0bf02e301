//! Recordings of a phrase, as ways to say it: what the head heard in each of them.

use wavlm_runtime::tasks::phrases::{Alphabet, Background, best_score, phones};

use super::prospect::Prospect;

/// A recording holds the phrase of the others if its score would be reached at most so often in an hour by chance.
const CHANCES_AN_HOUR: f64 = 20.0;
/// Fewest phones of a phrase.
const FEWEST: usize = 3;

/// Fewest phones of a way, beside those of the shortest recording: less of it is a part of what was said.
const LEAST_OF_IT: f32 = 0.6;

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

/// The ways to say a phrase of which these are recordings, as the logits of their frames; at least two. `named` are the ways to
/// say what the phrase is called: those that the recordings fit are ways, too, for whoever names a phrase by what is said tells
/// how others say it.
///
/// # Errors
/// The number of the recording that cannot be used, and why.
pub fn shown(
    recordings: &[Vec<f32>],
    named: &[Vec<usize>],
    alphabet: &Alphabet,
    background: &Background,
) -> Result<Vec<Vec<usize>>, ShownError> {
    let ways: Vec<Vec<usize>> =
        recordings.iter().map(|logits| phones(logits, alphabet.len(), alphabet.blank())).collect();
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
        let chances = prospect.alarms_an_hour(score(&others, logits, alphabet));
        if worst.is_none_or(|(_, most)| chances > most) {
            worst = Some((number, chances));
        }
    }
    if let Some((number, _)) = worst.filter(|&(_, chances)| chances > CHANCES_AN_HOUR) {
        return Err(ShownError::Another(number));
    }
    let shortest = ways.iter().map(Vec::len).min().unwrap_or(0);
    let is_whole = |way: &&Vec<usize>| way.len() as f32 >= LEAST_OF_IT * shortest as f32;
    let whole: Vec<Vec<usize>> = named.iter().filter(is_whole).cloned().collect();
    let fitting = fitting(&whole, recordings, alphabet, background)?;
    Ok([ways, fitting].concat())
}

/// Of some ways to say a phrase those that recordings of it fit best, one for each at most; none if a recording says something
/// else.
fn fitting(
    ways: &[Vec<usize>],
    recordings: &[Vec<f32>],
    alphabet: &Alphabet,
    background: &Background,
) -> Result<Vec<Vec<usize>>, ShownError> {
    let mut fitting: Vec<Vec<usize>> = Vec::new();
    for logits in recordings {
        let scored = ways.iter().map(|way| (way, score(std::slice::from_ref(way), logits, alphabet)));
        let best = scored.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(way, _)| way);
        fitting.extend(best.filter(|&way| !fitting.contains(way)).cloned());
    }
    if fitting.is_empty() {
        return Ok(fitting);
    }
    let prospect = Prospect::new(background, &fitting).ok_or(ShownError::Background)?;
    let says_it =
        |logits: &Vec<f32>| prospect.alarms_an_hour(score(&fitting, logits, alphabet)) <= CHANCES_AN_HOUR;
    Ok(if recordings.iter().all(says_it) { fitting } else { Vec::new() })
}

/// The best score in a recording of a phrase that may be said in these ways.
fn score(ways: &[Vec<usize>], logits: &[f32], alphabet: &Alphabet) -> f32 {
    best_score(ways, logits, alphabet.len(), alphabet.blank())
}
