//! False alarms: keywords heard where none was said.

use serde::Serialize;
use wavlm_runtime::tasks::words::{UNTUNED, WordModel};
use wavlm_runtime::{Model, SessionOptions};

use super::listen::listen;
use super::manifest::{Kind, Manifest};
use super::points::{self, Point};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::metrics::poisson_interval;
use crate::progress::Progress;

/// Running speech in which no keyword is said, heard as `wavlm spot` hears it.
#[derive(Clone, Debug, Serialize)]
pub struct SpeechResult {
    /// Speech heard.
    pub hours: f64,
    /// What was heard at each threshold.
    pub points: Vec<FalseAlarms>,
}

/// Keywords that nobody said.
#[derive(Clone, Debug, Serialize)]
pub struct FalseAlarms {
    /// The threshold.
    #[serde(flatten)]
    pub point: Point,
    /// How many there were.
    pub false_alarms: usize,
    /// The same for each hour.
    pub per_hour: f64,
    /// Where the rate lies with a confidence of 95 %.
    pub interval: [f64; 2],
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
    thresholds: &[f32],
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Speech);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = manifest.head_for(Kind::Speech, WordModel::head(model))?;
    let points = points::of(&head.decision.unwrap_or(UNTUNED), thresholds);
    progress.begin("speech", rows.len());
    let start = || WordModel::new(model, &SessionOptions::default());
    let heard = run_all(&rows, start, |words, row| listen(words, &head.name, row, &points), progress)?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let hours: f64 = members.iter().map(|&i| heard[i].hours).sum();
        let at = |(number, point): (usize, &Point)| {
            let alarms_of = |&i: &usize| {
                let file = rows[i].file.display().to_string();
                heard[i].at[number].iter().map(move |found| Alarm {
                    keyword: found.keyword.clone(),
                    file: file.clone(),
                    start_s: found.start_s,
                    score: found.score,
                })
            };
            let alarms: Vec<_> = members.iter().flat_map(alarms_of).collect();
            FalseAlarms {
                point: point.clone(),
                false_alarms: alarms.len(),
                per_hour: alarms.len() as f64 / hours,
                interval: poisson_interval(alarms.len()).map(|count| count / hours),
                alarms,
            }
        };
        let points = points.iter().enumerate().map(at).collect();
        let figures = Figures::Speech(SpeechResult { hours, points });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}
