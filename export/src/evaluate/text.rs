//! Texts: what a CTC head makes of recordings whose words are known.

use serde::Serialize;
use wavlm_runtime::tasks::text::Transcriber;
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio;
use crate::metrics::TextErrors;
use crate::progress::Progress;

/// A group's recordings.
#[derive(Clone, Debug, Serialize)]
pub struct TextResult {
    /// Recordings.
    pub clips: usize,
    /// Word error rate, of all recordings together.
    pub wer: f64,
    /// Character error rate.
    pub cer: f64,
    /// What they come from.
    #[serde(flatten)]
    pub errors: TextErrors,
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
    let head = Transcriber::head(model)
        .ok_or_else(|| EvaluateError::NoHead { path: manifest.path.clone(), kind: Kind::Text })?;
    progress.begin("texts", rows.len());
    let start = || Transcriber::new(model, &SessionOptions::default());
    let answer = |transcriber: &mut Transcriber, row: &Row| {
        let found = transcriber.transcribe(&audio::read(&row.file)?.samples);
        let found = found.map_err(|cause| EvaluateError::Run { file: row.file.clone(), cause })?;
        Ok(found.text())
    };
    let found = run_all(&rows, start, answer, progress)?;
    let result = |(group, members): (&str, Vec<usize>)| {
        let mut errors = TextErrors::default();
        members.iter().for_each(|&i| errors.add(&rows[i].label, &found[i]));
        let (clips, wer, cer) = (members.len(), errors.wer(), errors.cer());
        let figures = Figures::Text(TextResult { clips, wer, cer, errors });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}
