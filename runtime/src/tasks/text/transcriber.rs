//! A session of a model's CTC head, for sound of any length.

use wavlm_format::{EncoderConfig, Head, HeadKind};

use super::{Beam, Greedy, Transcript, Vocabulary};
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

/// How tokens are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decoding {
    /// The likeliest of each frame.
    #[default]
    Greedy,
    /// The likeliest over all ways to say them, with so many prefixes at a time.
    Beam(usize),
}

/// What a CTC head says of the frames of a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameLogits {
    /// A logit for each token of the vocabulary, frame by frame.
    pub values: Vec<f32>,
    /// Seconds from one frame to the next.
    pub frame_s: f64,
}

/// Says what is said in a sound, with the CTC head named `phones` or the model's first one.
#[derive(Debug)]
pub struct Transcriber {
    session: WindowSession,
    encoder: EncoderConfig,
    head: String,
    vocabulary: Vocabulary,
    decoding: Decoding,
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
            vocabulary: Vocabulary::new(vocabulary.clone(), *blank as usize),
            decoding: Decoding::default(),
        })
    }

    /// Chooses tokens so from now on.
    #[must_use]
    pub fn decoding(self, decoding: Decoding) -> Self {
        Transcriber { decoding, ..self }
    }

    /// What the head can say.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// What is said in 16 kHz samples.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn transcribe(&mut self, samples: &[f32]) -> Result<Transcript, Error> {
        let logits = self.logits(samples)?;
        Ok(self.decode(&logits, self.decoding))
    }

    /// What is said in frames of this head.
    pub fn decode(&self, logits: &FrameLogits, decoding: Decoding) -> Transcript {
        let frames = logits.values.chunks(self.vocabulary.len().max(1));
        let tokens = match decoding {
            Decoding::Greedy => {
                let mut greedy = Greedy::new(self.vocabulary.blank());
                frames.for_each(|frame| greedy.push(frame));
                greedy.finish()
            }
            Decoding::Beam(width) => {
                let mut beam = Beam::new(self.vocabulary.blank(), width);
                frames.for_each(|frame| beam.push(frame));
                beam.finish()
            }
        };
        Transcript::new(&tokens, &self.vocabulary, logits.frame_s)
    }

    /// What the head says of 16 kHz samples. Sound of more than twenty seconds is computed in chunks that overlap, and each frame
    /// is taken from the chunk in which it has most sound around it; a model with an adapter behind its encoder takes all in one.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn logits(&mut self, samples: &[f32]) -> Result<FrameLogits, Error> {
        let (rate, hop, width) = (SAMPLE_RATE as usize, self.encoder.hop(), self.vocabulary.len());
        let (chunk, shared) = (CHUNK_S * rate / hop, SHARED_S * rate / hop);
        let whole = samples.len() <= WHOLE_S * rate || self.encoder.adapter.is_some();
        let (mut values, mut known) = (Vec::new(), SharedFrames::default());
        // Frames: where the chunk begins, and how many are known.
        let (mut first, mut told) = (0, 0);
        loop {
            let last = whole || (first + chunk + shared) * hop >= samples.len();
            let end = if last { samples.len() } else { (first + chunk) * hop };
            let piece = samples.get(first * hop..end).unwrap_or_default();
            let outputs = self.session.run_at(piece, (first * hop) as i64, &mut known)?;
            let logits = output_of(&outputs, &self.head, "logits")?;
            let frames = logits.len() / width.max(1);
            let enough = if last { frames } else { frames.saturating_sub(shared / 2) };
            values.extend_from_slice(logits.get((told - first) * width..enough * width).unwrap_or_default());
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
        Ok(FrameLogits { values, frame_s: frame / f64::from(SAMPLE_RATE) })
    }
}
