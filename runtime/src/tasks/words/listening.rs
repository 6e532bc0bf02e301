//! The loop from a piece of sound to the keywords that it completes.

use wavlm_format::Decision;

use super::{DecisionError, Detection, Gate, KeywordSpotter, Window, WordModel};
use crate::error::Error;
use crate::frontend::{AudioError, AudioReader, AudioWarning};

/// Why listening ended early.
#[derive(Debug, thiserror::Error)]
pub enum ListeningError {
    /// The sound cannot be read.
    #[error(transparent)]
    Sound(#[from] AudioError),
    /// The model cannot be run on it.
    #[error(transparent)]
    Model(#[from] Error),
}

/// What one piece of sound brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Samples of the piece, at 16 kHz.
    pub samples: usize,
    /// Keywords that are certain now, in the order of the sound.
    pub detections: Vec<Detection>,
    /// What should be known about the sound, although it is read.
    pub warnings: Vec<AudioWarning>,
}

/// Gives logits for windows: a [`WordModel`], or any function that does.
pub trait Score {
    /// One logit per label.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    fn score(&mut self, window: Window<'_>) -> Result<Vec<f32>, Error>;
}

impl<F: FnMut(Window<'_>) -> Result<Vec<f32>, Error>> Score for F {
    fn score(&mut self, window: Window<'_>) -> Result<Vec<f32>, Error> {
        self(window)
    }
}

impl Score for &mut WordModel {
    fn score(&mut self, window: Window<'_>) -> Result<Vec<f32>, Error> {
        WordModel::score(self, window)
    }
}

/// Hears keywords in a sound while it comes, with whatever gives logits; [`WordModel::listen`] is the usual way.
///
/// ```no_run
/// # use std::path::Path;
/// # use wavlm_runtime::{frontend::{AudioReader, SoundOptions}, Model, SessionOptions, tasks::words::WordModel};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut model = WordModel::new(&Model::open(Path::new("m.wlm"))?, &SessionOptions::default())?;
/// let decision = model.decision();
/// let sound = AudioReader::open(Path::new("sound.wav"), &SoundOptions::default())?;
/// let mut listening = model.listen(sound, &decision)?;
/// while let Some(heard) = listening.next_piece()? {
///     for word in heard.detections {
///         println!("{} at {:.2} s", word.keyword, word.start_s);
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Listening<S> {
    scorer: S,
    needed: usize,
    sound: AudioReader,
    spotter: KeywordSpotter,
    gate: Option<Gate>,
    samples: usize,
    over: bool,
}

impl WordModel {
    /// Listens to a sound with a spotter of its own.
    ///
    /// # Errors
    /// The decision makes no sense.
    pub fn listen(
        &mut self,
        sound: AudioReader,
        decision: &Decision,
    ) -> Result<Listening<&mut WordModel>, DecisionError> {
        let (spotter, needed) = (self.spotter(decision)?, self.needed_samples());
        Ok(Listening::new(sound, spotter, needed, self))
    }
}

impl<S: Score> Listening<S> {
    /// Listens to a sound with a spotter that has heard nothing yet; `scorer` takes no sound of fewer
    /// than `needed` samples.
    pub fn new(sound: AudioReader, spotter: KeywordSpotter, needed: usize, scorer: S) -> Self {
        Listening { scorer, needed, sound, spotter, gate: None, samples: 0, over: false }
    }

    /// Leaves out the windows in which nobody speaks.
    #[must_use]
    pub fn gated(self, gate: Gate) -> Self {
        Listening { gate: Some(gate), ..self }
    }

    /// What gives the logits.
    pub fn scorer(&self) -> &S {
        &self.scorer
    }

    /// Reads the next piece, and says what it brought; the end of the sound counts as a piece, too. `None` after that.
    ///
    /// # Errors
    /// The sound cannot be read, or is shorter than the model needs; or the model fails.
    pub fn next_piece(&mut self) -> Result<Option<Heard>, ListeningError> {
        if self.over {
            return Ok(None);
        }
        let samples = match self.sound.next_piece()? {
            Some(piece) => {
                self.spotter.push(piece);
                if let Some(gate) = &mut self.gate {
                    gate.push(piece);
                }
                piece.len()
            }
            None => {
                if self.samples < self.needed {
                    return Err(Error::TooShort { samples: self.samples, needed: self.needed }.into());
                }
                self.over = true;
                self.spotter.finish();
                0
            }
        };
        self.samples += samples;
        let detections = self.spotter.run(|window| match (&mut self.gate, &window.place) {
            (Some(gate), Some((start, _))) => {
                let end = start + window.samples.len() as u64;
                gate.silence(&(*start..end))
                    .map(<[f32]>::to_vec)
                    .map_or_else(|| self.scorer.score(window), Ok)
            }
            _ => self.scorer.score(window),
        })?;
        Ok(Some(Heard { samples, detections, warnings: self.sound.take_warnings() }))
    }
}
