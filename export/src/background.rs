//! The background that comes with a model: hours of its frames in which no phrase is said, and the scores of phrases that are.

use std::collections::BTreeMap;

use wavlm_phrasebook::{Spoken, SpokenError};
use wavlm_runtime::tasks::phrases::{Background, BackgroundError, PhoneModel, SpellingError, best_score};
use wavlm_runtime::{Error, Model, SessionOptions};

use crate::audio::{self, AudioError};
use crate::evaluate::{Kind, Manifest, Row};
use crate::progress::Progress;

/// Scores of phrases are told as so many quantiles.
const QUANTILES: usize = 100;

/// Why there is no background.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// A recording cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The model cannot be run.
    #[error("{place}: {cause}")]
    Model {
        /// On what.
        place: String,
        /// The runtime's words.
        cause: Error,
    },
    /// There is no way to say what a manifest lists.
    #[error(transparent)]
    Spoken(#[from] SpokenError),
    /// The model does not say English phones.
    #[error(transparent)]
    Spelling(#[from] SpellingError),
    /// There is too much of it.
    #[error(transparent)]
    Background(#[from] BackgroundError),
}

/// What a model hears in the recordings of kind `speech`, and how well it hears those of kind `phrase`.
///
/// # Errors
/// A recording cannot be read, or the model cannot be run on it.
pub fn make(model: &Model, manifest: &Manifest, progress: &impl Progress) -> Result<Background, MakeError> {
    let failed = |place: &str| {
        let place = place.to_owned();
        move |cause| MakeError::Model { place, cause }
    };
    let planned = PhoneModel::new(model, &SessionOptions::default());
    let mut phones = planned.map_err(failed("the model"))?;
    let alphabet = phones.alphabet().clone();
    let mut heard = |row: &Row| -> Result<Vec<f32>, MakeError> {
        let recording = audio::read(&row.file)?;
        let logits = phones.logits(&recording.samples).map_err(failed(&recording.name))?;
        progress.advance();
        Ok(logits)
    };
    let mut background = Background::new(&alphabet);
    let (sounds, said) = (manifest.of(Kind::Speech), manifest.of(Kind::Phrase));
    progress.begin("background", sounds.len() + said.len());
    for row in sounds {
        background.add(&heard(row)?)?;
    }
    let mut ways: BTreeMap<&str, Vec<Vec<usize>>> = BTreeMap::new();
    let mut scores = Vec::new();
    for row in said {
        if !ways.contains_key(row.label.as_str()) {
            ways.insert(&row.label, Spoken::of_text(&row.label)?.spell(&alphabet)?);
        }
        let ways = ways.get(row.label.as_str()).map(Vec::as_slice).unwrap_or_default();
        scores.push(best_score(ways, &heard(row)?, alphabet.len(), alphabet.blank()));
    }
    scores.sort_by(f32::total_cmp);
    background.spoken = quantiles(&scores);
    Ok(background)
}

/// Quantiles in the middle of equal parts of sorted scores; the scores themselves if there are fewer.
fn quantiles(scores: &[f32]) -> Vec<f32> {
    if scores.len() <= QUANTILES {
        return scores.to_vec();
    }
    let place = |part: usize| (2 * part + 1) * scores.len() / (2 * QUANTILES);
    (0..QUANTILES).filter_map(|part| scores.get(place(part)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_stand_for_equal_parts() {
        let scores: Vec<f32> = (0..1000).map(|n| n as f32).collect();
        let found = quantiles(&scores);
        assert_eq!((found.len(), found[0], found[99]), (100, 5.0, 995.0));
        assert_eq!(quantiles(&[0.5, 0.75]), [0.5, 0.75]);
    }
}
