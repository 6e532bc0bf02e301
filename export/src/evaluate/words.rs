//! Keywords: how often the right one is heard, and how often one is heard that was not said.

use serde::Serialize;
use wavlm_runtime::frontend::SAMPLE_RATE;
use wavlm_runtime::tasks::words::WordModel;
use wavlm_runtime::{Model, SessionOptions};

use super::manifest::{Kind, Manifest, Row};
use super::{EvaluateError, Figures, GroupResult, by_group, run_all};
use crate::convert::Progress;
use crate::metrics::Confusion;

/// Clips of single words, each judged as one window with the word in its middle.
#[derive(Clone, Debug, Serialize)]
pub struct WordResult {
    /// Clips.
    pub clips: usize,
    /// Share of clips whose most probable label is theirs.
    pub accuracy: f64,
    /// Labels by labels.
    pub confusion: Confusion,
    /// Share of clips to which the other file gives another label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<f64>,
}

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
    /// What was found: keyword, recording, second.
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

/// Judges the manifest's words.
pub(super) fn clips(
    model: &Model,
    against: Option<&Model>,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let rows = manifest.of(Kind::Word);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let head = head_of(model, manifest, Kind::Word)?;
    let labels = head.kind.labels();
    if let Some(row) = rows.iter().find(|row| !labels.contains(&row.label)) {
        return Err(manifest.unknown_label(row, labels));
    }
    progress.begin("words", rows.len() * if against.is_some() { 2 } else { 1 });
    let found = best_labels(model, &rows, progress)?;
    let others = against.map(|other| best_labels(other, &rows, progress)).transpose()?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let mut confusion = Confusion::default();
        for &i in &members {
            confusion.add(&rows[i].label, &labels[found[i]]);
        }
        let changed = others.as_ref().map(|others| {
            let count = members.iter().filter(|&&i| others[i] != found[i]).count();
            count as f64 / members.len() as f64
        });
        let (clips, accuracy) = (members.len(), confusion.accuracy());
        let figures = Figures::Word(WordResult { clips, accuracy, confusion, changed });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

/// Counts false alarms in the manifest's speech.
pub(super) fn speech(
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
    let heard = run_all(&rows, start, |words, row, recording| {
        let decision = words.decision();
        let run = |cause| EvaluateError::Run { file: row.file.clone(), cause };
        let spotter = words.spotter(&decision);
        let mut spotter =
            spotter.map_err(|cause| EvaluateError::Decision { head: head.name.clone(), cause })?;
        let mut detections = spotter.push(&recording.samples).map_err(run)?;
        detections.extend(spotter.finish().map_err(run)?);
        let file = row.file.display().to_string();
        let alarm = |found: wavlm_runtime::tasks::words::Detection| Alarm {
            keyword: found.keyword,
            file: file.clone(),
            start_s: found.start_s,
            score: found.score,
        };
        let alarms: Vec<_> = detections.into_iter().map(alarm).collect();
        Ok((f64::from(recording.seconds()) / 3600.0, alarms, decision.threshold))
    }, progress)?;

    let result = |(group, members): (&str, Vec<usize>)| {
        let hours: f64 = members.iter().map(|&i| heard[i].0).sum();
        let alarms: Vec<_> = members.iter().flat_map(|&i| heard[i].1.iter().cloned()).collect();
        let figures = Figures::Speech(SpeechResult {
            hours,
            false_alarms: alarms.len(),
            alarms_per_hour: alarms.len() as f64 / hours,
            threshold: heard[members[0]].2,
            alarms,
        });
        GroupResult { head: head.name.clone(), group: group.to_owned(), figures }
    };
    Ok(by_group(&rows).into_iter().map(result).collect())
}

fn head_of<'a>(
    model: &'a Model,
    manifest: &Manifest,
    kind: Kind,
) -> Result<&'a wavlm_format::Head, EvaluateError> {
    WordModel::head(model).ok_or_else(|| EvaluateError::NoHead { path: manifest.path.clone(), kind })
}

/// The most probable label of every clip, by number.
fn best_labels(
    model: &Model,
    rows: &[&Row],
    progress: &dyn Progress,
) -> Result<Vec<usize>, EvaluateError> {
    let start = || WordModel::new(model, &SessionOptions::default());
    run_all(rows, start, |words, row, recording| {
        let window = (words.decision().window_s * SAMPLE_RATE as f32).round() as usize;
        let logits = words
            .logits(&centred(&recording.samples, window))
            .map_err(|cause| EvaluateError::Run { file: row.file.clone(), cause })?;
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        Ok(best.map_or(0, |(label, _)| label))
    }, progress)
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
