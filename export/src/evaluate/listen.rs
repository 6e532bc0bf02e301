//! One recording, heard as `wavlm spot` hears it.

use wavlm_format::Decision;
use wavlm_runtime::frontend::{AudioReader, SAMPLE_RATE, SoundOptions};
use wavlm_runtime::tasks::words::{Detection, ListeningError, WordModel};

use super::EvaluateError;
use super::manifest::Row;
use super::points::Point;
use crate::audio::AudioError;

/// What was heard in a recording.
pub(super) struct Heard {
    /// Length of the recording, in hours.
    pub hours: f64,
    /// At each of the points.
    pub at: Vec<Vec<Detection>>,
}

/// Listens to a recording of any length, piece by piece, once for each point.
pub(super) fn listen(
    words: &mut WordModel,
    head: &str,
    row: &Row,
    points: &[Point],
) -> Result<Heard, EvaluateError> {
    let mut heard = Heard { hours: 0.0, at: Vec::new() };
    for point in points {
        let decision = Decision { threshold: point.threshold, ..words.decision() };
        let (hours, detections) = once(words, head, row, &decision)?;
        heard.hours = hours;
        heard.at.push(detections);
    }
    Ok(heard)
}

fn once(
    words: &mut WordModel,
    head: &str,
    row: &Row,
    decision: &Decision,
) -> Result<(f64, Vec<Detection>), EvaluateError> {
    let path = &row.file;
    let unreadable = |cause| AudioError::Recording { path: path.clone(), cause };
    let sound = AudioReader::open(path, &SoundOptions::default()).map_err(unreadable)?;
    let listening = words.listen(sound, decision);
    let mut listening =
        listening.map_err(|cause| EvaluateError::Decision { head: head.to_owned(), cause })?;
    let (mut samples, mut detections) = (0, Vec::new());
    while let Some(heard) = listening.next_piece().map_err(|error| match error {
        ListeningError::Sound(cause) => unreadable(cause).into(),
        ListeningError::Model(cause) => EvaluateError::Run { file: path.clone(), cause },
    })? {
        samples += heard.samples;
        detections.extend(heard.detections);
    }
    Ok((samples as f64 / f64::from(SAMPLE_RATE) / 3600.0, detections))
}
