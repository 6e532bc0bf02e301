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
    /// Clips in which the other file hears other keywords than this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<usize>,
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
    progress.begin("words", 2 * rows.len() * if against.is_some() { 2 } else { 1 });
    let answers_of = |model| Answers::of(model, &head.name, &rows, &points, progress);
    let answers = answers_of(model)?;
    let others = against.map(answers_of).transpose()?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let mut confusion = Confusion::default();
        for &i in &members {
            confusion.add(&rows[i].label, &labels[answers.best_label(i)]);
        }
        let changed = others.as_ref().map(|others| {
            let differs = |&&i: &&usize| others.best_label(i) != answers.best_label(i);
            members.iter().filter(differs).count() as f64 / members.len() as f64
        });
        let loss = |&i: &usize| {
            let label = labels.iter().position(|label| *label == rows[i].label);
            label.map_or(f64::INFINITY, |label| cross_entropy(&answers.logits[i], label))
        };
        let figures = Figures::Word(WordResult {
            clips: members.len(),
            loss: members.iter().map(loss).sum::<f64>() / members.len() as f64,
            accuracy: confusion.accuracy(),
            confusion,
            spotted: spotted(&rows, &answers, others.as_ref(), &members, &points),
            changed,
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

/// What a file says of every clip.
struct Answers {
    /// Of the window around its middle.
    logits: Vec<Vec<f32>>,
    /// What the spotter hears in it; `None` where it is of no keyword.
    heard: Vec<Option<Heard>>,
}

impl Answers {
    fn of(
        model: &Model,
        head: &str,
        rows: &[&Row],
        points: &[Point],
        progress: &dyn Progress,
    ) -> Result<Self, EvaluateError> {
        let start = || WordModel::new(model, &SessionOptions::default());
        let logits = |words: &mut WordModel, row: &Row| {
            let window = (words.decision().window_s * SAMPLE_RATE as f32).round() as usize;
            let logits = words.logits(&centred(&audio::read(&row.file)?.samples, window));
            logits.map_err(row.failed())
        };
        let spot = |words: &mut WordModel, row: &Row| match is_keyword(&row.label) {
            true => listen(words, head, row, points).map(Some),
            false => Ok(None),
        };
        Ok(Answers {
            logits: run_all(rows, start, logits, progress)?,
            heard: run_all(rows, start, spot, progress)?,
        })
    }

    /// The number of a clip's most probable label.
    fn best_label(&self, clip: usize) -> usize {
        let best = self.logits[clip].iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(label, _)| label)
    }

    /// The keywords heard in a clip at one of the points, in their order.
    fn keywords(&self, clip: usize, point: usize) -> impl Iterator<Item = &String> {
        self.heard[clip].iter().flat_map(move |heard| heard.at[point].iter().map(|found| &found.keyword))
    }
}

/// Counts what was heard in a group's clips of keywords.
fn spotted(
    rows: &[&Row],
    answers: &Answers,
    others: Option<&Answers>,
    members: &[usize],
    points: &[Point],
) -> Vec<Spotted> {
    let clips: Vec<usize> = members.iter().copied().filter(|&i| answers.heard[i].is_some()).collect();
    let at = |(number, point): (usize, &Point)| {
        let count = |holds: &dyn Fn(usize) -> bool| clips.iter().filter(|&&i| holds(i)).count();
        let differs = |i: usize, others: &Answers| others.keywords(i, number).ne(answers.keywords(i, number));
        Spotted {
            point: point.clone(),
            keywords: clips.len(),
            heard: count(&|i| answers.keywords(i, number).any(|word| *word == rows[i].label)),
            mistaken: count(&|i| answers.keywords(i, number).any(|word| *word != rows[i].label)),
            changed: others.map(|others| count(&|i| differs(i, others))),
        }
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
