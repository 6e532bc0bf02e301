//! A session of a model's CTC head, for sound of any length.

use wavlm_format::{EncoderConfig, Head, HeadKind};

use super::{Greedy, Transcript};
use crate::error::Error;
use crate::frontend::SAMPLE_RATE;
use crate::model::Model;
use crate::outputs::Outputs;
use crate::session::SessionOptions;
use crate::tasks::find_head;
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
        find_head(model.header(), "phones", |kind| matches!(kind, HeadKind::Ctc { .. }))
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let found = Self::head(model).map(|head| (head, &head.kind));
        let Some((head, HeadKind::Ctc { vocabulary, blank })) = found else {
            return Err(Error::NoHead { name: "phones".to_owned(), known: "none of CTC".to_owned() });
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
        let mut greedy = Greedy::new(self.blank);
        let rate = SAMPLE_RATE as usize;
        if samples.len() <= WHOLE_S * rate || self.encoder.adapter.is_some() {
            let frames = self.encoder.output_frames(samples.len()).unwrap_or(0).max(1);
            for row in logits(&self.session.run(samples)?, &self.head)?.rows() {
                greedy.push(&row.to_vec());
            }
            let frame_s = match self.encoder.adapter {
                None => self.encoder.hop() as f64 / f64::from(SAMPLE_RATE),
                Some(_) => samples.len() as f64 / f64::from(SAMPLE_RATE) / frames as f64,
            };
            return Ok(Transcript::new(&greedy.finish(), &self.vocabulary, frame_s));
        }
        let hop = self.encoder.hop();
        let in_hops = |seconds: usize| seconds * rate / hop;
        let (chunk, shared) = (in_hops(CHUNK_S), in_hops(SHARED_S));
        let mut known = SharedFrames::default();
        let (mut first, mut told) = (0, 0);
        loop {
            let last = (first + chunk) * hop + shared * hop >= samples.len();
            let end = if last { samples.len() } else { (first + chunk) * hop };
            let piece = samples.get(first * hop..end).unwrap_or_default();
            let outputs = self.session.run_at(piece, (first * hop) as u64, &mut known)?;
            let logits = logits(&outputs, &self.head)?;
            let enough = if last { logits.nrows() } else { logits.nrows().saturating_sub(shared / 2) };
            for row in logits.rows().into_iter().take(enough).skip(told - first) {
                greedy.push(&row.to_vec());
            }
            if last {
                let frame_s = hop as f64 / f64::from(SAMPLE_RATE);
                return Ok(Transcript::new(&greedy.finish(), &self.vocabulary, frame_s));
            }
            told = first + enough;
            first += chunk - shared;
        }
    }
}

/// (frames, tokens)
fn logits(outputs: &Outputs, head: &str) -> Result<ndarray::Array2<f32>, Error> {
    let found = outputs.get("logits").or_else(|| outputs.get(&format!("{head}.logits")));
    let frames = found.and_then(|values| values.clone().into_dimensionality().ok());
    frames.ok_or_else(|| Error::NoHead {
        name: head.to_owned(),
        known: "none with logits of frames".to_owned(),
    })
}
