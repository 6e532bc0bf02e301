//! Turns: who speaks when, by a frame head, in recordings of which it is known.

use serde::Serialize;
use wavlm_runtime::tasks::turns::{Diarizer, TurnOptions};
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio;
use crate::metrics::{DiarizationErrors, Segment, read_rttm};
use crate::progress::Progress;

/// Time around the boundaries of the reference that is forgiven, in seconds, half of it on either side.
const COLLAR_S: f64 = 0.25;

/// A group's recordings.
#[derive(Clone, Debug, Serialize)]
pub struct TurnResult {
    /// Recordings.
    pub clips: usize,
    /// Diarisation error rate, of all recordings together, no boundary forgiven.
    pub der: f64,
    /// The same with 250 ms around every boundary left out (`collar=0.25` of pyannote.metrics).
    pub der_collar: f64,
    /// What the first comes from.
    #[serde(flatten)]
    pub errors: DiarizationErrors,
}

/// Judges the manifest's turns: the label of a row is the path of its RTTM file, relative to the manifest.
pub(super) fn evaluate(
    model: &Model,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Turns);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = manifest.head_for(Kind::Turns, Diarizer::head(model))?;
    let references: Vec<Vec<Segment>> =
        rows.iter().map(|row| reference(manifest, row)).collect::<Result<_, _>>()?;
    progress.begin("turns", rows.len());
    let start = || Diarizer::new(model, &SessionOptions::default());
    let answer = |diarizer: &mut Diarizer, row: &Row| {
        let turns = diarizer.turns(&audio::read(&row.file)?.samples, &TurnOptions::USUAL);
        let turns = turns.map_err(row.failed())?;
        let frame_s = diarizer.frame_s();
        let segment = |turn: &wavlm_runtime::tasks::turns::Turn| Segment {
            speaker: turn.label.to_string(),
            start_s: turn.first as f64 * frame_s,
            end_s: turn.end as f64 * frame_s,
        };
        Ok(turns.iter().map(segment).collect::<Vec<_>>())
    };
    let found = run_all(&rows, start, answer, progress)?;
    let result = |(group, members): (&str, Vec<usize>)| {
        let errors = |collar_s: f64| {
            let mut errors = DiarizationErrors::default();
            members.iter().for_each(|&i| errors.add(&references[i], &found[i], collar_s));
            errors
        };
        let (exact, forgiving) = (errors(0.0), errors(COLLAR_S));
        let figures = Figures::Turns(TurnResult {
            clips: members.len(),
            der: exact.rate(),
            der_collar: forgiving.rate(),
            errors: exact,
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

fn reference(manifest: &Manifest, row: &Row) -> Result<Vec<Segment>, EvaluateError> {
    let path = manifest.path.parent().unwrap_or(std::path::Path::new("")).join(&row.label);
    let text = std::fs::read_to_string(&path)
        .map_err(|cause| EvaluateError::Reference { path: path.clone(), cause })?;
    read_rttm(&text).map_err(|line| EvaluateError::Rttm { path, line })
}
