//! The loop from a piece of sound to the keywords that it completes.

use wavlm_format::Decision;

use super::score::{Score, Scored};
use super::{DecisionError, Detection, Hearer, Window, WordModel};
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

impl Score for &mut WordModel {
    fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
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
    hearer: Hearer,
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
        Ok(Listening::new(sound, Hearer::new(spotter), needed, self))
    }
}

impl<S: Score> Listening<S> {
    /// Listens to a sound of which nothing was heard yet; `scorer` takes no sound of fewer than `needed` samples.
    pub fn new(sound: AudioReader, hearer: Hearer, needed: usize, scorer: S) -> Self {
        Listening { scorer, needed, sound, hearer, over: false }
    }

    /// What is heard of the sound.
    pub fn hearer(&mut self) -> &mut Hearer {
        &mut self.hearer
    }

    /// Reads the next piece, and says what it brought; the end of the sound counts as a piece, too. `None` after that.
    ///
    /// # Errors
    /// The sound cannot be read, or is shorter than the model needs; or the model fails.
    pub fn next_piece(&mut self) -> Result<Option<Heard>, ListeningError> {
        if self.over {
            return Ok(None);
        }
        let before = self.hearer.samples();
        match self.sound.next_piece()? {
            Some(piece) => self.hearer.push(piece),
            None => {
                if before < self.needed {
                    return Err(Error::TooShort { samples: before, needed: self.needed }.into());
                }
                self.over = true;
                self.hearer.finish();
            }
        }
        let detections = self.hearer.hear(&mut self.scorer)?;
        let samples = self.hearer.samples() - before;
        Ok(Some(Heard { samples, detections, warnings: self.sound.take_warnings() }))
    }
}
