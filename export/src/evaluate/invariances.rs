//! Decisions that change with the recording, although neither the word nor the voice did.

use serde::Serialize;
use wavlm_runtime::tasks::speaker::{Embedding, SpeakerVerifier};
use wavlm_runtime::tasks::words::WordModel;
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::perturb::{PerturbError, Perturbation};
use super::speakers::{embed, threshold_of};
use super::{EvaluateError, by_group, run_all};
use crate::audio;
use crate::progress::Progress;

/// How often one perturbation changes what one head decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invariance {
    /// Always `invariance`, to tell the line from other results.
    kind: &'static str,
    /// The head.
    pub head: String,
    /// What was done to the recordings.
    pub perturbation: String,
    /// Decisions compared: clips of words, or pairs of voices of one group.
    pub decisions: usize,
    /// Decisions that came out otherwise than on the recordings as they are.
    pub changed: usize,
    /// The same in percent; 0 if there were none to compare.
    pub percent: f64,
    /// Why nothing was compared, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// Perturbs the manifest's clips of words and its voices. Of a word, the decision is which keywords are heard in the
/// clip; of a pair of voices, whether the second, perturbed, is accepted as the first, as it is.
///
/// # Errors
/// As [`evaluate`](super::evaluate); or a recording cannot be perturbed.
pub fn invariances(
    model: &Model,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Vec<Invariance>, EvaluateError> {
    let missing: Vec<_> = Perturbation::ALL.iter().map(|perturbation| perturbation.missing()).collect();
    let mut found = words(model, manifest, &missing, progress)?;
    found.extend(speakers(model, manifest, &missing, progress)?);
    Ok(found)
}

type Missing = Option<&'static str>;

fn words(
    model: &Model,
    manifest: &Manifest,
    missing: &[Missing],
    progress: &dyn Progress,
) -> Result<Vec<Invariance>, EvaluateError> {
    let rows = manifest.of(Kind::Word);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = manifest.head_for(Kind::Word, WordModel::head(model))?;
    progress.begin("words", rows.len());
    let start = || WordModel::new(model, &SessionOptions::default());
    let answer = |words: &mut WordModel, row: &Row| {
        perturbed(row, missing, |samples| keywords(words, &head.name, row, samples))
    };
    let heard = run_all(&rows, start, answer, progress)?;
    let count = |number: usize| {
        let changed = heard.iter().filter(|answers| {
            answers.variants.get(number).is_some_and(|other| other.as_ref() != Some(&answers.plain))
        });
        (rows.len(), changed.count())
    };
    Ok(report(&head.name, missing, count))
}

/// The keywords heard in samples of this recording, in their order.
fn keywords(
    words: &mut WordModel,
    head: &str,
    row: &Row,
    samples: &[f32],
) -> Result<Vec<String>, EvaluateError> {
    let spotter = words.spotter(&words.decision());
    let mut spotter = spotter.map_err(|cause| EvaluateError::Decision { head: head.to_owned(), cause })?;
    spotter.push(samples);
    spotter.finish();
    let heard = words.hear(&mut spotter);
    let heard = heard.map_err(row.failed())?;
    Ok(heard.into_iter().map(|word| word.keyword).collect())
}

fn speakers(
    model: &Model,
    manifest: &Manifest,
    missing: &[Missing],
    progress: &dyn Progress,
) -> Result<Vec<Invariance>, EvaluateError> {
    let rows = manifest.of(Kind::Speaker);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = manifest.head_for(Kind::Speaker, SpeakerVerifier::head(model))?;
    progress.begin("speakers", rows.len());
    let start = || SpeakerVerifier::new(model, &SessionOptions::default());
    let answer = |verifier: &mut SpeakerVerifier, row: &Row| {
        perturbed(row, missing, |samples| embed(verifier, row, samples))
    };
    let voices = run_all(&rows, start, answer, progress)?;
    let threshold = threshold_of(model);
    let accepts = |a: &Embedding, b: &Embedding| a.cosine(b) >= threshold;
    let groups = by_group(&rows);
    let count = |number: usize| {
        let (mut pairs, mut changed) = (0, 0);
        for members in groups.values() {
            for (position, &a) in members.iter().enumerate() {
                for &b in &members[position + 1..] {
                    let Some(Some(other)) = voices[b].variants.get(number) else { continue };
                    pairs += 1;
                    let (first, second) = (&voices[a].plain, &voices[b].plain);
                    changed += usize::from(accepts(first, second) != accepts(first, other));
                }
            }
        }
        (pairs, changed)
    };
    Ok(report(&head.name, missing, count))
}

/// What is made of one recording, as it is and perturbed; `None` for what this machine cannot make.
struct Answers<A> {
    plain: A,
    variants: Vec<Option<A>>,
}

fn perturbed<A>(
    row: &Row,
    missing: &[Missing],
    mut answer: impl FnMut(&[f32]) -> Result<A, EvaluateError>,
) -> Result<Answers<A>, EvaluateError> {
    let samples = audio::read(&row.file)?.samples;
    let failed = |cause: PerturbError| EvaluateError::Perturb { file: row.file.clone(), cause };
    let plain = answer(&samples)?;
    let variants = Perturbation::ALL.iter().zip(missing).map(|(perturbation, missing)| match missing {
        Some(_) => Ok(None),
        None => answer(&perturbation.apply(&samples).map_err(failed)?).map(Some),
    });
    Ok(Answers { plain, variants: variants.collect::<Result<_, _>>()? })
}

/// One line per perturbation; `count` gives the decisions, and how many of them changed.
fn report(head: &str, missing: &[Missing], count: impl Fn(usize) -> (usize, usize)) -> Vec<Invariance> {
    let line = |(number, (perturbation, missing)): (usize, (&Perturbation, &Missing))| {
        let (decisions, changed) = if missing.is_some() { (0, 0) } else { count(number) };
        Invariance {
            kind: "invariance",
            head: head.to_owned(),
            perturbation: perturbation.to_string(),
            decisions,
            changed,
            percent: 100.0 * changed as f64 / decisions.max(1) as f64,
            skipped: missing.map(str::to_owned),
        }
    };
    Perturbation::ALL.iter().zip(missing).enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_and_what_is_missing_is_named() {
        let mut missing = [None; Perturbation::ALL.len()];
        missing[1] = Some("it is not here");
        let lines = report("words", &missing, |number| (8, number));
        assert_eq!((lines[0].decisions, lines[0].changed, lines[0].percent), (8, 0, 0.0));
        assert_eq!((lines[1].decisions, lines[1].skipped.as_deref()), (0, Some("it is not here")));
        assert_eq!((lines[2].changed, lines[2].percent, &lines[2].skipped), (2, 25.0, &None));
    }
}
