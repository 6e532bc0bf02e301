//! A session of a model's CTC head, for sound of any length.

use wavlm_format::{EncoderConfig, Head, HeadKind};

use super::{Greedy, Transcript};
use crate::error::Error;
use crate::frontend::SAMPLE_RATE;
use crate::model::Model;
use crate::session::SessionOptions;
use crate::tasks::{find_ctc_head, no_ctc_head, output_of};
use crate::windows::{SharedFrames, WindowSession};

/// Sound of up to so many seconds is computed in one piece.
const WHOLE_S: usize = 20;
/// Of longer sound, chunks of so many seconds are, which share so many with the next.
const CHUNK_S: usize = 12;
const SHARED_S: usize = 4;

/// Says what is said in a sound, with the CTC head named `phones` or the model's first one.
#[derive(Debug)]
pub struct Transcriber {
    session: WindowSession,
    encoder: EncoderConfig,
    head: String,
    vocabulary: Vec<String>,
    blank: usize,
}

impl Transcriber {
    /// The head that would be used.
    pub fn head(model: &Model) -> Option<&Head> {
        find_ctc_head(model.header())
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let found = Self::head(model).map(|head| (head, &head.kind));
        let Some((head, HeadKind::Ctc { vocabulary, blank })) = found else {
            return Err(no_ctc_head());
        };
        let options = SessionOptions { heads: Some(vec![head.name.clone()]), ..options.clone() };
        Ok(Transcriber {
            session: model.window_session(&options)?,
            encoder: model.header().encoder.clone(),
            head: head.name.clone(),
            vocabulary: vocabulary.clone(),
            blank: *blank as usize,
        })
    }

    /// What is said in 16 kHz samples. Sound of more than twenty seconds is computed in chunks that overlap, and each frame is
    /// taken from the chunk in which it has most sound around it; a model with an adapter behind its encoder takes all in one.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn transcribe(&mut self, samples: &[f32]) -> Result<Transcript, Error> {
        let (rate, hop) = (SAMPLE_RATE as usize, self.encoder.hop());
        let (chunk, shared) = (CHUNK_S * rate / hop, SHARED_S * rate / hop);
        let whole = samples.len() <= WHOLE_S * rate || self.encoder.adapter.is_some();
        let (mut greedy, mut known) = (Greedy::new(self.blank), SharedFrames::default());
        // Frames: where the chunk begins, and how many have been decoded.
        let (mut first, mut told) = (0, 0);
        loop {
            let last = whole || (first + chunk + shared) * hop >= samples.len();
            let end = if last { samples.len() } else { (first + chunk) * hop };
            let piece = samples.get(first * hop..end).unwrap_or_default();
            let outputs = self.session.run_at(piece, (first * hop) as i64, &mut known)?;
            let logits = output_of(&outputs, &self.head, "logits")?;
            let frames = logits.chunks(self.vocabulary.len());
            let enough = if last { frames.len() } else { frames.len().saturating_sub(shared / 2) };
            frames.take(enough).skip(told - first).for_each(|frame| greedy.push(frame));
            told = first + enough;
            if last {
                break;
            }
            first += chunk - shared;
        }
        let frame = match self.encoder.adapter {
            None => hop as f64,
            Some(_) => samples.len() as f64 / told as f64,
        };
        Ok(Transcript::new(&greedy.finish(), &self.vocabulary, frame / f64::from(SAMPLE_RATE)))
    }
}
