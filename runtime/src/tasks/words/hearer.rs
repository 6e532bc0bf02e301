//! What is heard of one sound: words, phrases, and whose voice it is, out of each window that is scored.

use std::collections::VecDeque;

use super::score::{Score, Scored};
use super::voices::Voices;
use super::{Detection, Gate, KeywordSpotter};
use crate::error::Error;
use crate::frontend::SAMPLE_RATE;
use crate::tasks::phrases::PhraseSpotter;
use crate::tasks::speaker::{Embedding, speech_in};

/// Samples around what is said in a recording that are heard, too: a second.
const AROUND: usize = SAMPLE_RATE as usize;

/// Hears keywords and phrases in one sound of any length, piece by piece, with whatever scores windows. It owns all of its
/// state and no model, so any number of them can share one.
///
/// Where the scorer gives voices, a word is told once the windows that tell its voice have been scored: a hop behind the one
/// that has it in its middle, or behind 0.3 s of what follows it, whichever is later.
#[derive(Debug)]
pub struct Hearer {
    spotter: KeywordSpotter,
    gate: Option<Gate>,
    phrases: Option<PhraseSpotter>,
    voices: Voices,
    /// Words that wait for the windows that tell their voice.
    waiting: VecDeque<Detection>,
    samples: usize,
    over: bool,
}

impl Hearer {
    /// Hears what a spotter does that has heard nothing yet.
    pub fn new(spotter: KeywordSpotter) -> Self {
        Hearer {
            spotter,
            gate: None,
            phrases: None,
            voices: Voices::default(),
            waiting: VecDeque::new(),
            samples: 0,
            over: false,
        }
    }

    /// Leaves out the windows in which nobody speaks.
    #[must_use]
    pub fn gated(self, gate: Gate) -> Self {
        Hearer { gate: Some(gate), ..self }
    }

    /// Hears these phrases, too, from now on; `None` for none. What was half said is forgotten. The scorer must tell phones:
    /// see [`Beside`](super::Beside).
    pub fn change_phrases(&mut self, phrases: Option<PhraseSpotter>) {
        self.phrases = phrases;
    }

    /// The phrases that are heard.
    pub fn phrases(&mut self) -> Option<&mut PhraseSpotter> {
        self.phrases.as_mut()
    }

    /// Takes the next 16 kHz mono samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.spotter.push(samples);
        if let Some(gate) = &mut self.gate {
            gate.push(samples);
        }
        self.samples += samples.len();
    }

    /// The sound is over. Nothing may be pushed afterwards.
    pub fn finish(&mut self) {
        self.over = true;
        self.spotter.finish();
    }

    /// Samples that were pushed.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Scores all that is due, and returns what is certain now.
    ///
    /// # Errors
    /// The scorer failed.
    pub fn hear(&mut self, scorer: &mut impl Score) -> Result<Vec<Detection>, Error> {
        let Hearer { spotter, gate, phrases, voices, .. } = self;
        let detections = spotter.run(|window| -> Result<Vec<f32>, Error> {
            let Some((start, _)) = window.place else { return Ok(scorer.score(window)?.logits) };
            let place = start..start + window.samples.len() as i64;
            if let Some(silence) = gate.as_mut().and_then(|gate| gate.silence(&place)) {
                voices.push_silence(&place);
                phrases.iter_mut().for_each(|phrases| phrases.push_silence(&place));
                return Ok(silence.to_vec());
            }
            let Scored { logits, voice, phones } = scorer.score(window)?;
            if let Some((phrases, phones)) = phrases.as_mut().zip(phones) {
                phrases.push(&place, &phones);
            }
            if let Some(voice) = voice {
                voices.push(place, &voice);
            }
            Ok(logits)
        })?;
        self.waiting.extend(detections);
        if let Some(phrases) = phrases {
            if self.over {
                phrases.finish(self.samples as u64);
            }
            self.waiting.extend(phrases.detections());
        }
        let (voices, over) = (&self.voices, self.over);
        let told = self.waiting.iter().take_while(|word| over || voices.have_passed(word)).count();
        Ok(self.waiting.drain(..told).collect())
    }

    /// The voice in a recording of one word or phrase and nothing else, just as [`Hearer::voice_of`] tells it where that is
    /// heard. `None` if nobody speaks, or where that gives none. Nothing may have been pushed.
    ///
    /// # Errors
    /// The scorer failed.
    pub fn voice_in(mut self, samples: &[f32], scorer: &mut impl Score) -> Result<Option<Embedding>, Error> {
        let Some(said) = speech_in(samples) else { return Ok(None) };
        // Of a long recording no more is remembered.
        let around = said.start.saturating_sub(AROUND)..samples.len().min(said.end + AROUND);
        self.push(samples.get(around.clone()).unwrap_or_default());
        self.finish();
        self.hear(scorer)?;
        let samples_before = |at: usize| (at - around.start) as i64;
        Ok(self.voices.in_range(&(samples_before(said.start)..samples_before(said.end))))
    }

    /// The voice that said a word of this sound. `None` if the scorer gives no voices, the word is too long ago, or the
    /// voice has no direction.
    pub fn voice_of(&self, word: &Detection) -> Option<Embedding> {
        self.voices.of(word)
    }
}
