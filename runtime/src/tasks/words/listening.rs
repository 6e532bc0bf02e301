//! The loop from a piece of sound to the keywords that it completes.

use wavlm_format::Decision;

use super::{DecisionError, Detection, KeywordSpotter, WordModel};
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

/// Hears keywords in a sound while it comes.
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
pub struct Listening<'a> {
    model: &'a mut WordModel,
    sound: AudioReader,
    spotter: KeywordSpotter,
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
    ) -> Result<Listening<'_>, DecisionError> {
        let spotter = self.spotter(decision)?;
        Ok(Listening { model: self, sound, spotter, samples: 0, over: false })
    }
}

impl Listening<'_> {
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
                piece.len()
            }
            None => {
                let needed = self.model.needed_samples();
                if self.samples < needed {
                    return Err(Error::TooShort { samples: self.samples, needed }.into());
                }
                self.over = true;
                self.spotter.finish();
                0
            }
        };
        self.samples += samples;
        let detections = self.model.hear(&mut self.spotter)?;
        Ok(Some(Heard { samples, detections, warnings: self.sound.take_warnings() }))
    }
}
