//! A session of a model's frame head, for sound of any length.

use wavlm_format::{Head, HeadKind};

use super::chunks;
use super::filter::{Turn, TurnOptions, turns};
use crate::error::Error;
use crate::frontend::SAMPLE_RATE;
use crate::model::Model;
use crate::session::{Session, SessionOptions};
use crate::tasks::{find_head, output_of};

/// Sound of up to so many seconds is computed in one piece.
const WHOLE_S: usize = 120;
/// Of longer sound, pieces of so many seconds are, which share so many with the next.
const PIECE_S: usize = 60;
const SHARED_S: usize = 10;

/// Says which labels the frames of a sound have, with the frame head named `turns` or the model's first one.
#[derive(Debug)]
pub struct Diarizer {
    session: Session,
    head: String,
    labels: Vec<String>,
    hop: usize,
}

impl Diarizer {
    /// The head that would be used.
    pub fn head(model: &Model) -> Option<&Head> {
        find_head(model.header(), "turns", |kind| matches!(kind, HeadKind::Frame { .. }))
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let Some((head, HeadKind::Frame { labels })) = Self::head(model).map(|head| (head, &head.kind))
        else {
            return Err(Error::NoHead { name: "turns".to_owned(), known: "none of frames".to_owned() });
        };
        let options = SessionOptions { heads: Some(vec![head.name.clone()]), ..options.clone() };
        Ok(Self {
            session: model.session(&options)?,
            head: head.name.clone(),
            labels: labels.clone(),
            hop: model.header().encoder.hop(),
        })
    }

    /// The texts of the labels, by number.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Seconds from one frame to the next.
    pub fn frame_s(&self) -> f64 {
        self.hop as f64 / f64::from(SAMPLE_RATE)
    }

    /// The turns in 16 kHz samples. Sound of more than two minutes is computed in pieces that overlap, and the labels of a
    /// piece are matched with those of the one before it.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn turns(&mut self, samples: &[f32], options: &TurnOptions) -> Result<Vec<Turn>, Error> {
        Ok(turns(&self.probabilities(samples)?, options))
    }

    /// Of every frame the probability of each label (`sigmoid` of `WavLMForAudioFrameClassification`'s logits).
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn probabilities(&mut self, samples: &[f32]) -> Result<Vec<Vec<f32>>, Error> {
        let rate = SAMPLE_RATE as usize;
        if samples.len() <= WHOLE_S * rate {
            return self.piece(samples);
        }
        let step = (PIECE_S - SHARED_S) * rate / self.hop;
        let mut frames = Vec::new();
        let mut first = 0;
        loop {
            let begin = first * self.hop;
            // The last piece takes what would be too little for one of its own.
            let last = begin + (PIECE_S + SHARED_S) * rate >= samples.len();
            let end = if last { samples.len() } else { begin + PIECE_S * rate };
            chunks::join(&mut frames, first, self.piece(samples.get(begin..end).unwrap_or_default())?);
            if last {
                return Ok(frames);
            }
            first += step;
        }
    }

    fn piece(&mut self, samples: &[f32]) -> Result<Vec<Vec<f32>>, Error> {
        let outputs = self.session.run(samples)?;
        let logits = output_of(&outputs, &self.head, "logits")?;
        let sigmoid = |logit: &f32| 1.0 / (1.0 + (-logit).exp());
        Ok(logits.chunks_exact(self.labels.len()).map(|frame| frame.iter().map(sigmoid).collect()).collect())
    }
}
