//! The loop from a piece of sound to the keywords that it completes.

use wavlm_format::Decision;

use super::score::{Score, Scored};
use super::voices::Voices;
use super::{DecisionError, Detection, Gate, KeywordSpotter, Window, WordModel};
use crate::error::Error;
use crate::frontend::{AudioError, AudioReader, AudioWarning};
use crate::tasks::phrases::PhraseSpotter;
use crate::tasks::speaker::Embedding;

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
    spotter: KeywordSpotter,
    gate: Option<Gate>,
    phrases: Option<PhraseSpotter>,
    voices: Voices,
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
        Listening {
            scorer,
            needed,
            sound,
            spotter,
            gate: None,
            phrases: None,
            voices: Voices::default(),
            samples: 0,
            over: false,
        }
    }

    /// Leaves out the windows in which nobody speaks.
    #[must_use]
    pub fn gated(self, gate: Gate) -> Self {
        Listening { gate: Some(gate), ..self }
    }

    /// Hears phrases, too, with a spotter that has heard nothing yet. The scorer must tell phones: see
    /// [`Beside`](super::Beside).
    #[must_use]
    pub fn with_phrases(self, phrases: PhraseSpotter) -> Self {
        Listening { phrases: Some(phrases), ..self }
    }

    /// Listens for other phrases from now on; `None` for none. What was half said is forgotten.
    pub fn change_phrases(&mut self, phrases: Option<PhraseSpotter>) {
        self.phrases = phrases;
    }

    /// The voice that said a word of this sound. `None` if the scorer gives no voices, the word is too long ago, or the
    /// voice has no direction.
    pub fn voice_of(&self, word: &Detection) -> Option<Embedding> {
        self.voices.of(word)
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
        let Listening { scorer, spotter, gate, voices, phrases, .. } = self;
        let mut detections = spotter.run(|window| -> Result<Vec<f32>, Error> {
            let Some((start, _)) = window.place else { return Ok(scorer.score(window)?.logits) };
            let place = start..start + window.samples.len() as u64;
            if let Some(silence) = gate.as_mut().and_then(|gate| gate.silence(&place)) {
                phrases.iter_mut().for_each(|phrases| phrases.push_silence(&place));
                return Ok(silence.to_vec());
            }
            let scored = scorer.score(window)?;
            if let Some((phrases, phones)) = phrases.as_mut().zip(scored.phones) {
                phrases.push(&place, &phones);
            }
            if let Some(voice) = scored.voice {
                voices.push(place, voice);
            }
            Ok(scored.logits)
        })?;
        if let Some(phrases) = phrases {
            if self.over {
                phrases.finish(self.samples as u64);
            }
            detections.extend(phrases.detections());
        }
        Ok(Some(Heard { samples, detections, warnings: self.sound.take_warnings() }))
    }
}
