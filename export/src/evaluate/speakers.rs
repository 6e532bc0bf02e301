//! Voices: whether recordings of one speaker are alike, and of two are not.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use wavlm_runtime::tasks::speaker::{Embedding, SpeakerVerifier, UNTUNED_THRESHOLD};
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio;
use crate::metrics::{Calibration, Errors, Trials};
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
    /// Where the equal error rate lies with a confidence of 95 %, by drawing the speakers anew a thousand times.
    pub eer_interval: [f64; 2],
    /// Smallest normalised detection cost at a prior of 1 %.
    pub min_dcf: f64,
    /// The same at a prior of 5 %.
    pub min_dcf_05: f64,
    /// False non-match rates where the false match rate is at most 1 %, 0.1 %, 0.01 %.
    pub fnmr_at_fmr: [f64; 3],
    /// Cost of the scores as log-likelihood ratios once a line was fitted to them, in bits.
    pub cllr: f64,
    /// That line.
    pub calibration: Calibration,
    /// The figures of scores normalised by the manifest's cohort, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_norm: Option<Normalised>,
    /// Both error rates, from the lowest threshold to the highest, in at most 200 steps.
    pub curve: Vec<Errors>,
    /// Both error rates at the model's stored threshold.
    #[serde(flatten)]
    pub at_stored: Errors,
    /// Share of pairs that the other file decides otherwise, each by its own stored threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<f64>,
}

/// What normalising scores gains: each is measured by the mean and the deviation of the scores that its two voices have with
/// those of the cohort that are closest to them (AS-norm; Matějka et al., 2017).
#[derive(Clone, Debug, Serialize)]
pub struct Normalised {
    /// Voices in the cohort.
    pub cohort: usize,
    /// Equal error rate.
    pub eer: f64,
    /// Smallest normalised detection cost at a prior of 1 %.
    pub min_dcf: f64,
    /// The same at a prior of 5 %.
    pub min_dcf_05: f64,
}

/// Voices of the cohort that each voice is measured by, at most.
const CLOSEST: usize = 300;
/// Times that the speakers are drawn.
const DRAWS: usize = 1000;

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
    let head = manifest.head_for(Kind::Speaker, SpeakerVerifier::head(model))?;
    let cohort_rows = manifest.of(Kind::Cohort);
    progress.begin("speakers", rows.len() * if against.is_some() { 2 } else { 1 } + cohort_rows.len());
    let voices = Voices::of(model, &rows, progress)?;
    let cohort = match cohort_rows.as_slice() {
        [] | [_] => None,
        cohort_rows => Some(spreads(&voices, &Voices::of(model, cohort_rows, progress)?)),
    };
    let others = against.map(|other| Voices::of(other, &rows, progress)).transpose()?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let (mut trials, mut normalised) = (Trials::default(), Trials::default());
        let mut changed = 0;
        for (position, &a) in members.iter().enumerate() {
            for &b in &members[position + 1..] {
                let same = rows[a].label == rows[b].label;
                let score = voices.score(a, b);
                if same { &mut trials.same } else { &mut trials.different }.push(score);
                if let Some(cohort) = &cohort {
                    let score = (cohort[a].measure(score) + cohort[b].measure(score)) / 2.0;
                    if same { &mut normalised.same } else { &mut normalised.different }.push(score);
                }
                let otherwise = |others: &Voices| others.accepts(a, b) != voices.accepts(a, b);
                changed += usize::from(others.as_ref().is_some_and(otherwise));
            }
        }
        let pairs = trials.same.len() + trials.different.len();
        let (eer, eer_threshold) = trials.equal_error();
        let calibration = trials.calibration();
        let speakers: BTreeSet<_> = members.iter().map(|&i| &rows[i].label).collect();
        let figures = Figures::Speaker(SpeakerResult {
            clips: members.len(),
            speakers: speakers.len(),
            eer,
            eer_threshold,
            eer_interval: eer_interval(&rows, &members, &voices),
            min_dcf: trials.min_dcf(0.01),
            min_dcf_05: trials.min_dcf(0.05),
            fnmr_at_fmr: [1e-2, 1e-3, 1e-4].map(|fmr| trials.fnmr_at(fmr)),
            cllr: trials.cllr(calibration),
            calibration,
            as_norm: cohort.as_ref().map(|_| Normalised {
                cohort: cohort_rows.len(),
                eer: normalised.equal_error().0,
                min_dcf: normalised.min_dcf(0.01),
                min_dcf_05: normalised.min_dcf(0.05),
            }),
            curve: trials.curve_of(CURVE_POINTS),
            at_stored: trials.errors_at(voices.threshold),
            changed: others.is_some().then(|| changed as f64 / pairs.max(1) as f64),
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

/// How a voice's scores with the cohort lie.
struct Spread {
    mean: f32,
    deviation: f32,
}

impl Spread {
    fn measure(&self, score: f32) -> f32 {
        (score - self.mean) / self.deviation
    }
}

/// For each voice, how its scores with the closest of the cohort lie.
fn spreads(voices: &Voices, cohort: &Voices) -> Vec<Spread> {
    let spread = |voice: &Embedding| {
        let mut scores: Vec<f32> = cohort.embeddings.iter().map(|other| voice.cosine(other)).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.truncate(CLOSEST);
        let mean = scores.iter().sum::<f32>() / scores.len() as f32;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f32>() / scores.len() as f32;
        Spread { mean, deviation: variance.sqrt().max(f32::EPSILON) }
    };
    voices.embeddings.iter().map(spread).collect()
}

/// The 2.5 % and 97.5 % quantiles of the equal error rate over speakers drawn with replacement, always the same draws.
fn eer_interval(rows: &[&Row], members: &[usize], voices: &Voices) -> [f64; 2] {
    let mut by_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &member in members {
        by_speaker.entry(&rows[member].label).or_default().push(member);
    }
    let speakers: Vec<Vec<usize>> = by_speaker.into_values().collect();
    let pairs = |a: &[usize], b: &[usize]| -> Vec<f32> {
        a.iter().flat_map(|&a| b.iter().map(move |&b| (a, b))).map(|(a, b)| voices.score(a, b)).collect()
    };
    let same: Vec<Vec<f32>> = speakers
        .iter()
        .map(|own| own.iter().enumerate().flat_map(|(i, &a)| pairs(&[a], &own[i + 1..])).collect())
        .collect();
    let different: Vec<Vec<Vec<f32>>> = speakers
        .iter()
        .enumerate()
        .map(|(i, a)| speakers[..i].iter().map(|b| pairs(a, b)).collect())
        .collect();
    let mut rng = StdRng::seed_from_u64(0);
    let mut rates: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn: Vec<usize> =
                (0..speakers.len()).map(|_| rng.random_range(0..speakers.len())).collect();
            let mut trials = Trials::default();
            for (position, &a) in drawn.iter().enumerate() {
                trials.same.extend(&same[a]);
                // Two draws of one speaker are no different speakers.
                for &b in drawn[..position].iter().filter(|&&b| b != a) {
                    trials.different.extend(&different[a.max(b)][a.min(b)]);
                }
            }
            trials.equal_error().0
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    [DRAWS / 40, DRAWS - 1 - DRAWS / 40].map(|place| rates[place])
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
    let voice = voice.map_err(row.failed())?;
    voice.ok_or_else(|| EvaluateError::NoVoice { file: row.file.clone() })
}

/// Smallest cosine that a model accepts.
pub(super) fn threshold_of(model: &Model) -> f32 {
    let decision = SpeakerVerifier::head(model).and_then(|head| head.decision);
    decision.map_or(UNTUNED_THRESHOLD, |decision| decision.threshold)
}
