//! Keywords: how often the right one is heard.

use serde::Serialize;
use wavlm_runtime::frontend::SAMPLE_RATE;
use wavlm_runtime::tasks::words::{UNTUNED, WordModel, is_keyword};
use wavlm_runtime::{Model, SessionOptions};

use super::listen::{Heard, listen};
use super::manifest::{Kind, Manifest, Row};
use super::points::{self, Point};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio;
use crate::metrics::{Confusion, cross_entropy};
use crate::progress::Progress;

/// Clips of single words. Each is judged as one window with the word in its middle; one of a keyword is also heard whole,
/// as `wavlm spot` hears it.
#[derive(Clone, Debug, Serialize)]
pub struct WordResult {
    /// Clips.
    pub clips: usize,
    /// Share of clips whose most probable label is theirs.
    pub accuracy: f64,
    /// The mean cross-entropy of their labels.
    pub loss: f64,
    /// Labels by labels.
    pub confusion: Confusion,
    /// What the spotter hears in clips of keywords, at each threshold.
    pub spotted: Vec<Spotted>,
    /// Share of clips to which the other file gives another label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<f64>,
}

/// Clips of keywords, as the spotter hears them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spotted {
    /// The threshold.
    #[serde(flatten)]
    pub point: Point,
    /// Clips.
    pub keywords: usize,
    /// Clips in which the keyword was heard.
    pub heard: usize,
    /// Clips in which another one was heard.
    pub mistaken: usize,
}

/// Judges the manifest's words.
pub(super) fn evaluate(
    model: &Model,
    against: Option<&Model>,
    manifest: &Manifest,
    thresholds: &[f32],
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Word);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = manifest.head_for(Kind::Word, WordModel::head(model))?;
    let labels = head.kind.labels();
    if let Some(row) = rows.iter().find(|row| !labels.contains(&row.label)) {
        return Err(manifest.unknown_label(row, labels));
    }
    let points = points::of(&head.decision.unwrap_or(UNTUNED), thresholds);
    progress.begin("words", rows.len() * if against.is_some() { 3 } else { 2 });
    let logits = logits_of(model, &rows, progress)?;
    let found = best_labels(&logits);
    let heard = spot(model, &head.name, &rows, &points, progress)?;
    let others = against.map(|other| logits_of(other, &rows, progress)).transpose()?;
    let others = others.map(|logits| best_labels(&logits));

    let result = |(group, members): (&str, Vec<usize>)| {
        let mut confusion = Confusion::default();
        for &i in &members {
            confusion.add(&rows[i].label, &labels[found[i]]);
        }
        let changed = others.as_ref().map(|others| {
            let count = members.iter().filter(|&&i| others[i] != found[i]).count();
            count as f64 / members.len() as f64
        });
        let loss = |&i: &usize| {
            let label = labels.iter().position(|label| *label == rows[i].label);
            label.map_or(f64::INFINITY, |label| cross_entropy(&logits[i], label))
        };
        let figures = Figures::Word(WordResult {
            clips: members.len(),
            loss: members.iter().map(loss).sum::<f64>() / members.len() as f64,
            accuracy: confusion.accuracy(),
            confusion,
            spotted: spotted(&rows, &heard, &members, &points),
            changed,
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

/// The logits of every clip.
fn logits_of(model: &Model, rows: &[&Row], progress: &dyn Progress) -> Result<Vec<Vec<f32>>, EvaluateError> {
    let start = || WordModel::new(model, &SessionOptions::default());
    let logits = |words: &mut WordModel, row: &Row| {
        let window = (words.decision().window_s * SAMPLE_RATE as f32).round() as usize;
        let logits = words.logits(&centred(&audio::read(&row.file)?.samples, window));
        logits.map_err(row.failed())
    };
    run_all(rows, start, logits, progress)
}

/// The most probable label of every clip, by number.
fn best_labels(logits: &[Vec<f32>]) -> Vec<usize> {
    let best = |logits: &Vec<f32>| {
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(label, _)| label)
    };
    logits.iter().map(best).collect()
}

/// What the spotter hears in every clip of a keyword; `None` for other clips.
fn spot(
    model: &Model,
    head: &str,
    rows: &[&Row],
    points: &[Point],
    progress: &dyn Progress,
) -> Result<Vec<Option<Heard>>, EvaluateError> {
    let start = || WordModel::new(model, &SessionOptions::default());
    let answer = |words: &mut WordModel, row: &Row| match is_keyword(&row.label) {
        true => listen(words, head, row, points).map(Some),
        false => Ok(None),
    };
    run_all(rows, start, answer, progress)
}

/// Counts what was heard in a group's clips.
fn spotted(rows: &[&Row], heard: &[Option<Heard>], members: &[usize], points: &[Point]) -> Vec<Spotted> {
    let clips: Vec<_> =
        members.iter().filter_map(|&i| heard[i].as_ref().map(|heard| (&rows[i].label, heard))).collect();
    let at = |(number, point): (usize, &Point)| {
        let count = |wanted: bool| {
            let holds = |(label, heard): &&(&String, &Heard)| {
                heard.at[number].iter().any(|found| (found.keyword == **label) == wanted)
            };
            clips.iter().filter(holds).count()
        };
        Spotted { point: point.clone(), keywords: clips.len(), heard: count(true), mistaken: count(false) }
    };
    points.iter().enumerate().map(at).collect()
}

/// The middle of the sound as one window, with silence around it where it is too short.
/// A window of 0 takes the sound as it is.
fn centred(samples: &[f32], window: usize) -> Vec<f32> {
    if window == 0 {
        return samples.to_vec();
    }
    let surplus = samples.len().saturating_sub(window) / 2;
    let middle = &samples[surplus..samples.len().min(surplus + window)];
    let mut centred = vec![0.0; window];
    centred[(window - middle.len()) / 2..][..middle.len()].copy_from_slice(middle);
    centred
}

#[cfg(test)]
mod tests {
    use super::centred;

    #[test]
    fn words_stand_in_the_middle() {
        assert_eq!(centred(&[1.0, 2.0], 5), [0.0, 1.0, 2.0, 0.0, 0.0]);
        assert_eq!(centred(&[1.0, 2.0, 3.0, 4.0, 5.0], 2), [2.0, 3.0]);
        assert_eq!(centred(&[1.0, 2.0], 2), [1.0, 2.0]);
        assert_eq!(centred(&[], 2), [0.0, 0.0]);
        assert_eq!(centred(&[1.0], 0), [1.0]);
    }
}
