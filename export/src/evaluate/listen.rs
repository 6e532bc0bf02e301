//! One recording, heard as `wavlm spot` hears it, at several thresholds at once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use wavlm_format::Decision;
use wavlm_runtime::frontend::{AudioReader, SAMPLE_RATE, SoundOptions};
use wavlm_runtime::tasks::words::{Detection, KeywordSpotter, Window, WordModel};

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

/// Listens to a recording of any length, piece by piece, with a spotter for each point.
pub(super) fn listen(
    words: &mut WordModel,
    head: &str,
    row: &Row,
    points: &[Point],
) -> Result<Heard, EvaluateError> {
    let unreadable = |cause| AudioError::Recording { path: row.file.clone(), cause };
    let spotter = |point: &Point| words.spotter(&Decision { threshold: point.threshold, ..words.decision() });
    let spotters: Result<Vec<_>, _> = points.iter().map(spotter).collect();
    let mut spotters = spotters.map_err(|cause| EvaluateError::Decision { head: head.to_owned(), cause })?;
    let mut sound = AudioReader::open(&row.file, &SoundOptions::default()).map_err(unreadable)?;
    let mut heard = Heard { hours: 0.0, at: vec![Vec::new(); points.len()] };
    let (mut samples, mut over, mut logits) = (0, false, Logits::default());
    while !over {
        match sound.next_piece().map_err(unreadable)? {
            Some(piece) => {
                samples += piece.len();
                spotters.iter_mut().for_each(|spotter| spotter.push(piece));
            }
            None => {
                over = true;
                spotters.iter_mut().for_each(KeywordSpotter::finish);
            }
        }
        for (spotter, found) in spotters.iter_mut().zip(&mut heard.at) {
            let run = spotter.run(|window| logits.of(words, window));
            found.extend(run.map_err(|cause| EvaluateError::Run { file: row.file.clone(), cause })?);
        }
    }
    heard.hours = samples as f64 / f64::from(SAMPLE_RATE) / 3600.0;
    Ok(heard)
}

/// What the model said of the windows of one recording: every spotter asks for the same ones.
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
        let logits = words.score(window)?;
        self.0.insert(key, logits.clone());
        Ok(logits)
    }
}
