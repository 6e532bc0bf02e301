//! Texts: what a CTC head makes of recordings whose words are known.

use serde::Serialize;
use wavlm_runtime::tasks::text::{Decoding, Transcriber};
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio;
use crate::metrics::{CtcReduction, TextErrors, ctc};
use crate::progress::Progress;

/// Prefixes that the beam keeps. More changed no text of those that were tried.
const BEAM: usize = 16;

/// A group's recordings.
#[derive(Clone, Debug, Serialize)]
pub struct TextResult {
    /// Recordings.
    pub clips: usize,
    /// What the likeliest token of each frame says.
    #[serde(flatten)]
    pub greedy: Rates,
    /// What is likeliest over all ways to say it.
    pub beam: Rates,
    /// The CTC loss of each text divided by its number of tokens, on average. `None` if the head can say none of them.
    pub loss: Option<f64>,
    /// Texts that are not in the loss, since the head has no tokens for them, or their sound too few frames.
    pub unsayable: usize,
}

/// Errors of all texts together.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rates {
    /// Word error rate.
    pub wer: f64,
    /// Character error rate.
    pub cer: f64,
    /// What they come from.
    #[serde(flatten)]
    pub errors: TextErrors,
}

impl Rates {
    fn of<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut errors = TextErrors::default();
        texts.for_each(|(said, found)| errors.add(said, found));
        Self { wer: errors.wer(), cer: errors.cer(), errors }
    }
}

/// What was found in one recording.
struct Found {
    greedy: String,
    beam: String,
    /// The CTC loss, and the number of tokens, of what was said; `None` where that cannot be said.
    loss: Option<(f64, usize)>,
}

/// Judges the manifest's texts.
pub(super) fn evaluate(
    model: &Model,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Text);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = manifest.head_for(Kind::Text, Transcriber::head(model))?;
    progress.begin("texts", rows.len());
    let start = || Transcriber::new(model, &SessionOptions::default());
    let found = run_all(&rows, start, find, progress)?;
    let result = |(group, members): (&str, Vec<usize>)| {
        let pairs = || members.iter().map(|&i| (rows[i].label.as_str(), &found[i]));
        let losses: Vec<(f64, usize)> = pairs().filter_map(|(_, found)| found.loss).collect();
        let figures = Figures::Text(TextResult {
            clips: members.len(),
            greedy: Rates::of(pairs().map(|(said, found)| (said, found.greedy.as_str()))),
            beam: Rates::of(pairs().map(|(said, found)| (said, found.beam.as_str()))),
            loss: (!losses.is_empty()).then(|| CtcReduction::Mean.reduce(&losses, false)),
            unsayable: members.len() - losses.len(),
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

fn find(transcriber: &mut Transcriber, row: &Row) -> Result<Found, EvaluateError> {
    let logits = transcriber.logits(&audio::read(&row.file)?.samples);
    let logits = logits.map_err(row.failed())?;
    let vocabulary = transcriber.vocabulary();
    let loss = vocabulary
        .spell(&row.label)
        .map(|tokens| (ctc(&logits.values, vocabulary.len(), vocabulary.blank(), &tokens), tokens.len()));
    let text = |decoding| transcriber.decode(&logits, decoding).text();
    Ok(Found {
        greedy: text(Decoding::Greedy),
        beam: text(Decoding::Beam(BEAM)),
        loss: loss.filter(|(loss, _)| loss.is_finite()),
    })
}
