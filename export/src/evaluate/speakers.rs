//! Voices: whether recordings of one speaker are alike, and of two are not.

use std::collections::BTreeSet;

use serde::Serialize;
use wavlm_runtime::tasks::speaker::{Embedding, SpeakerVerifier, UNTUNED_THRESHOLD};
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio;
use crate::metrics::{Errors, Trials};
use crate::progress::Progress;

/// Points of a [`SpeakerResult::curve`], told in its documentation.
const CURVE_POINTS: usize = 200;

/// All pairs of a group's recordings.
#[derive(Clone, Debug, Serialize)]
pub struct SpeakerResult {
    /// Recordings.
    pub clips: usize,
    /// Voices among them.
    pub speakers: usize,
    /// Error rate at the threshold where both errors are as frequent.
    pub eer: f64,
    /// That threshold.
    pub eer_threshold: f32,
    /// Smallest normalised detection cost at a prior of 1 %.
    pub min_dcf: f64,
    /// Both error rates, from the lowest threshold to the highest, in at most 200 steps.
    pub curve: Vec<Errors>,
    /// Both error rates at the model's stored threshold.
    #[serde(flatten)]
    pub at_stored: Errors,
    /// Share of pairs that the other file decides otherwise, each by its own stored threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<f64>,
}

/// Judges the manifest's voices.
pub(super) fn evaluate(
    model: &Model,
    against: Option<&Model>,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Speaker);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = SpeakerVerifier::head(model)
        .ok_or_else(|| EvaluateError::NoHead { path: manifest.path.clone(), kind: Kind::Speaker })?;
    progress.begin("speakers", rows.len() * if against.is_some() { 2 } else { 1 });
    let voices = Voices::of(model, &rows, progress)?;
    let others = against.map(|other| Voices::of(other, &rows, progress)).transpose()?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let mut trials = Trials::default();
        let mut changed = 0;
        for (position, &a) in members.iter().enumerate() {
            for &b in &members[position + 1..] {
                let same = rows[a].label == rows[b].label;
                let score = voices.score(a, b);
                if same { &mut trials.same } else { &mut trials.different }.push(score);
                let otherwise = |others: &Voices| others.accepts(a, b) != voices.accepts(a, b);
                changed += usize::from(others.as_ref().is_some_and(otherwise));
            }
        }
        let pairs = trials.same.len() + trials.different.len();
        let (eer, eer_threshold) = trials.equal_error();
        let speakers: BTreeSet<_> = members.iter().map(|&i| &rows[i].label).collect();
        let figures = Figures::Speaker(SpeakerResult {
            clips: members.len(),
            speakers: speakers.len(),
            eer,
            eer_threshold,
            min_dcf: trials.min_dcf(),
            curve: trials.curve_of(CURVE_POINTS),
            at_stored: trials.errors_at(voices.threshold),
            changed: others.is_some().then(|| changed as f64 / pairs.max(1) as f64),
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

/// What one file makes of every recording.
struct Voices {
    embeddings: Vec<Embedding>,
    /// Smallest cosine that it accepts.
    threshold: f32,
}

impl Voices {
    fn of(model: &Model, rows: &[&Row], progress: &dyn Progress) -> Result<Self, EvaluateError> {
        let start = || SpeakerVerifier::new(model, &SessionOptions::default());
        let answer = |verifier: &mut SpeakerVerifier, row: &Row| {
            embed(verifier, row, &audio::read(&row.file)?.samples)
        };
        let embeddings = run_all(rows, start, answer, progress)?;
        Ok(Self { embeddings, threshold: threshold_of(model) })
    }

    fn score(&self, a: usize, b: usize) -> f32 {
        self.embeddings[a].cosine(&self.embeddings[b])
    }

    fn accepts(&self, a: usize, b: usize) -> bool {
        self.score(a, b) >= self.threshold
    }
}

/// The voice in samples of this recording.
pub(super) fn embed(
    verifier: &mut SpeakerVerifier,
    row: &Row,
    samples: &[f32],
) -> Result<Embedding, EvaluateError> {
    let voice = verifier.embed(samples);
    let voice = voice.map_err(|cause| EvaluateError::Run { file: row.file.clone(), cause })?;
    voice.ok_or_else(|| EvaluateError::NoVoice { file: row.file.clone() })
}

/// Smallest cosine that a model accepts.
pub(super) fn threshold_of(model: &Model) -> f32 {
    let decision = SpeakerVerifier::head(model).and_then(|head| head.decision);
    decision.map_or(UNTUNED_THRESHOLD, |decision| decision.threshold)
}
