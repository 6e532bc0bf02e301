//! A session of a model's CTC head, window by window as it listens, for whole sounds.

use super::alphabet::Alphabet;
use super::frames::Middles;
use crate::error::Error;
use crate::model::Model;
use crate::session::SessionOptions;
use crate::tasks::high_pass::without_offset;
use crate::tasks::words::{UNTUNED, WordModel, seconds_to_samples};
use crate::tasks::{no_ctc_head, output_of};
use crate::windows::{SharedFrames, WindowSession};

/// Gives the logits that a [`PhraseSpotter`](super::PhraseSpotter) would get while it listens.
#[derive(Debug)]
pub struct PhoneModel {
    session: WindowSession,
    head: String,
    alphabet: Alphabet,
    window: usize,
    hop: usize,
}

impl PhoneModel {
    /// Plans a session of that head alone, for the windows in which the model's words are listened for; `options.heads` is
    /// ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let decision = WordModel::head(model).and_then(|head| head.decision).unwrap_or(UNTUNED);
        let found = Alphabet::head(model).zip(Alphabet::of(model));
        let (head, alphabet) = found.ok_or_else(no_ctc_head)?;
        let options = SessionOptions { heads: Some(vec![head.name.clone()]), ..options.clone() };
        Ok(PhoneModel {
            session: model.window_session(&options)?,
            head: head.name.clone(),
            alphabet,
            window: seconds_to_samples(decision.window_s),
            hop: seconds_to_samples(decision.hop_s).max(1),
        })
    }

    /// What the head can say.
    pub fn alphabet(&self) -> &Alphabet {
        &self.alphabet
    }

    /// The logits of every frame of 16 kHz samples, one after the other.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn logits(&mut self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let count = samples.len();
        let mut samples = without_offset(samples);
        let (mut known, mut logits) = (SharedFrames::default(), Vec::new());
        let mut middles = Middles::new(self.alphabet.frame(), self.hop, self.alphabet.len());
        let mut start = 0;
        loop {
            let end = start + self.window;
            samples.resize(samples.len().max(end), 0.0);
            let window = samples.get(start..end).unwrap_or_default();
            let outputs = self.session.run_at(window, start as i64, &mut known)?;
            let frames = output_of(&outputs, &self.head, "logits")?;
            middles.push(&(start as i64..end as i64), &frames, |_, frame| logits.extend_from_slice(frame));
            if end >= count {
                break;
            }
            start += self.hop;
        }
        middles.finish(count as u64, |_, frame| logits.extend_from_slice(frame));
        Ok(logits)
    }
}
