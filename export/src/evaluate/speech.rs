//! False alarms: keywords heard where none was said.

use std::path::Path;

use serde::Serialize;
use wavlm_runtime::frontend::{AudioReader, SAMPLE_RATE, SoundOptions};
use wavlm_runtime::tasks::words::{ListeningError, WordModel};
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::words::head_of;
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::audio::AudioError;
use crate::progress::Progress;

/// Running speech in which no keyword is said, slid over as `wavlm spot` does.
#[derive(Clone, Debug, Serialize)]
pub struct SpeechResult {
    /// Speech heard.
    pub hours: f64,
    /// Keywords found, all of them wrongly.
    pub false_alarms: usize,
    /// The same for each hour.
    pub alarms_per_hour: f64,
    /// Smallest probability that counts.
    pub threshold: f32,
    /// What was found.
    pub alarms: Vec<Alarm>,
}

/// A keyword that nobody said.
#[derive(Clone, Debug, Serialize)]
pub struct Alarm {
    /// What was heard.
    pub keyword: String,
    /// The recording.
    pub file: String,
    /// When it begins, in seconds.
    pub start_s: f64,
    /// Its probability.
    pub score: f32,
}

/// Counts false alarms in the manifest's speech.
pub(super) fn evaluate(
    model: &Model,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Speech);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = head_of(model, manifest, Kind::Speech)?;
    progress.begin("speech", rows.len());
    let start = || WordModel::new(model, &SessionOptions::default());
    let heard = run_all(&rows, start, |words, row| listen(words, &head.name, row), progress)?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let hours: f64 = members.iter().map(|&i| heard[i].hours).sum();
        let alarms: Vec<_> = members.iter().flat_map(|&i| heard[i].alarms.iter().cloned()).collect();
        let figures = Figures::Speech(SpeechResult {
            hours,
            false_alarms: alarms.len(),
            alarms_per_hour: alarms.len() as f64 / hours,
            threshold: heard[members[0]].threshold,
            alarms,
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

/// What was heard in one recording.
struct Heard {
    hours: f64,
    alarms: Vec<Alarm>,
    threshold: f32,
}

/// Slides over a recording of any length, piece by piece.
fn listen(words: &mut WordModel, head: &str, row: &Row) -> Result<Heard, EvaluateError> {
    let path: &Path = &row.file;
    let unreadable = |cause| AudioError::Recording { path: path.to_owned(), cause };
    let decision = words.decision();
    let sound = AudioReader::open(path, &SoundOptions::default()).map_err(unreadable)?;
    let listening = words.listen(sound, &decision);
    let mut listening =
        listening.map_err(|cause| EvaluateError::Decision { head: head.to_owned(), cause })?;
    let (mut samples, mut detections) = (0, Vec::new());
    while let Some(heard) = listening.next_piece().map_err(|error| match error {
        ListeningError::Sound(cause) => unreadable(cause).into(),
        ListeningError::Model(cause) => EvaluateError::Run { file: path.to_owned(), cause },
    })? {
        samples += heard.samples;
        detections.extend(heard.detections);
    }

    let file = path.display().to_string();
    let alarms = detections.into_iter().map(|found| Alarm {
        keyword: found.keyword,
        file: file.clone(),
        start_s: found.start_s,
        score: found.score,
    });
    let hours = samples as f64 / f64::from(SAMPLE_RATE) / 3600.0;
    Ok(Heard { hours, alarms: alarms.collect(), threshold: decision.threshold })
}
