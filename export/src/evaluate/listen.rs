//! One recording, heard as `wavlm spot` hears it, at several thresholds.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use wavlm_format::Decision;
use wavlm_runtime::frontend::{AudioReader, SAMPLE_RATE, SoundOptions};
use wavlm_runtime::tasks::words::{
    Detection, Hearer, KeywordSpotter, Listening, ListeningError, Window, WordModel,
};

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
    let unreadable = |cause| AudioError::Recording { path: row.file.clone(), cause };
    let mut logits = Logits::default();
    let mut heard = Heard { hours: 0.0, at: Vec::new() };
    for point in points {
        let decision = Decision { threshold: point.threshold, ..words.decision() };
        let spotter = KeywordSpotter::new(words.labels(), &decision);
        let spotter = spotter.map_err(|cause| EvaluateError::Decision { head: head.to_owned(), cause })?;
        let sound = AudioReader::open(&row.file, &SoundOptions::default()).map_err(unreadable)?;
        let needed = words.needed_samples();
        let mut listening = Listening::new(sound, Hearer::new(spotter), needed, |window: Window<'_>| {
            logits.of(words, window)
        });
        let (mut samples, mut detections) = (0, Vec::new());
        while let Some(piece) = listening.next_piece().map_err(|error| match error {
            ListeningError::Sound(cause) => unreadable(cause).into(),
            ListeningError::Model(cause) => row.failed()(cause),
        })? {
            samples += piece.samples;
            detections.extend(piece.detections);
        }
        heard.hours = samples as f64 / f64::from(SAMPLE_RATE) / 3600.0;
        heard.at.push(detections);
    }
    Ok(heard)
}

/// What the model said of the windows of one recording: at every threshold, nearly all are the same.
#[derive(Default)]
struct Logits(HashMap<u64, Vec<f32>>);

impl Logits {
    fn of(&mut self, words: &mut WordModel, window: Window<'_>) -> Result<Vec<f32>, wavlm_runtime::Error> {
        let mut hasher = DefaultHasher::new();
        window.samples.iter().for_each(|sample| sample.to_bits().hash(&mut hasher));
        let key = hasher.finish();
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let logits = words.score(window)?.logits;
        self.0.insert(key, logits.clone());
        Ok(logits)
    }
}
