//! Hours of sound in which no phrase is said, as the head hears them: by them thresholds are chosen.
//!
//! In an [`Envelope`] `WLMNOISE` of version 1 lies the postcard of the model's fingerprint, tokens, blank, samples from frame to
//! frame, scores of phrases that were said, frames of each sound, and levels.
//!
//! Levels are what a row loses in steps of half a nat, 0 to 12, a byte each, all of a token of a sound in a row; they are
//! deflated together.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use super::alphabet::Alphabet;
use super::ends::Ends;
use super::frames::{FLOOR, row};
use super::search::Search;
use super::threshold::Alarms;
use crate::frontend::SAMPLE_RATE;
use crate::tasks::envelope::{Envelope, EnvelopeError};

/// Files longer than this are none.
pub const MAX_BACKGROUND_BYTES: usize = 64 << 20;
/// Most levels of all sounds: eighteen hours of forty tokens.
const MAX_LEVELS: u64 = 128 << 20;

const VERSION: u16 = 1;
const ENVELOPE: Envelope = Envelope { magic: b"WLMNOISE", version: VERSION, most: MAX_BACKGROUND_BYTES };
/// A level is so much of a loss.
const STEP: f32 = 0.5;
/// An alarm is counted once in so many seconds.
const APART_S: usize = 1;

/// Why bytes are no background.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackgroundError {
    /// They begin as something else.
    #[error("no background of phrases")]
    Magic,
    /// Written by a later version.
    #[error("background version {found}, this program reads {VERSION}")]
    Version {
        /// Version in the file.
        found: u16,
    },
    /// They changed since they were written, or some are missing.
    #[error("damaged background; make it again with `wavlm words background`")]
    Damaged,
    /// Another model heard it.
    #[error("background of another model; make it again with `wavlm words background`")]
    OtherModel,
    /// There is no room for more.
    #[error("background of too many hours; begin a new one")]
    TooLong,
}

#[derive(Serialize, Deserialize)]
struct Body {
    model: u32,
    tokens: u32,
    blank: u32,
    frame: u32,
    spoken: Vec<f32>,
    frames: Vec<u32>,
    levels: Vec<u8>,
}

/// What a model heard in sound without phrases.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    model: u32,
    tokens: usize,
    blank: usize,
    frame: usize,
    /// Scores of phrases where they were said: quantiles, in order, of many voices and phrases. May be empty.
    pub spoken: Vec<f32>,
    /// Levels of each sound, those of a frame together.
    sounds: Vec<Vec<u8>>,
}

impl Background {
    /// One that holds nothing yet.
    pub fn new(alphabet: &Alphabet) -> Self {
        Background {
            model: alphabet.model(),
            tokens: alphabet.len(),
            blank: alphabet.blank(),
            frame: alphabet.frame(),
            spoken: Vec::new(),
            sounds: Vec::new(),
        }
    }

    /// Refuses one that another model heard.
    ///
    /// # Errors
    /// It was another.
    pub fn check(&self, alphabet: &Alphabet) -> Result<(), BackgroundError> {
        let heard = (self.model, self.tokens, self.blank, self.frame);
        let asked = (alphabet.model(), alphabet.len(), alphabet.blank(), alphabet.frame());
        if heard == asked { Ok(()) } else { Err(BackgroundError::OtherModel) }
    }

    /// Adds a sound, as the logits of all its frames.
    ///
    /// # Errors
    /// There is no room.
    pub fn add(&mut self, logits: &[f32]) -> Result<(), BackgroundError> {
        let known: usize = self.sounds.iter().map(Vec::len).sum();
        if (known + logits.len()) as u64 > MAX_LEVELS {
            return Err(BackgroundError::TooLong);
        }
        let level = |loss: f32| (-loss / STEP).round() as u8;
        self.sounds.push(logits.chunks_exact(self.tokens).flat_map(row).map(level).collect());
        Ok(())
    }

    /// Hours of all sounds.
    pub fn hours(&self) -> f64 {
        let frames: usize = self.sounds.iter().map(|sound| sound.len() / self.tokens).sum();
        (frames * self.frame) as f64 / f64::from(SAMPLE_RATE) / 3600.0
    }

    /// The endings of a phrase, which may be said in several ways: in every second, at most one.
    pub fn alarms(&self, ways: &[Vec<usize>]) -> Alarms {
        let mut scores = Vec::new();
        let patience = APART_S as u64 * u64::from(SAMPLE_RATE);
        for sound in &self.sounds {
            let mut search = Search::new([ways], self.blank, self.frame);
            let mut ends = Ends::new(vec![0.0], patience);
            let mut keep = |events: Vec<super::ends::Event>| {
                scores.extend(events.iter().map(|event| event.ending.score))
            };
            let mut row = Vec::with_capacity(self.tokens);
            for (number, levels) in sound.chunks_exact(self.tokens).enumerate() {
                row.clear();
                row.extend(levels.iter().map(|&level| f32::from(level) * -STEP));
                let at = (number * self.frame) as u64;
                search.push(at, &row);
                keep(ends.push(at, search.endings()));
            }
            keep(ends.finish());
        }
        Alarms { scores, hours: self.hours() }
    }

    /// How much a frame loses on the average that says the second of two tokens, where the head says the first.
    pub fn confusion(&self) -> Vec<Vec<f32>> {
        let mut sums = vec![vec![0.0_f32; self.tokens]; self.tokens];
        let mut counts = vec![0_u32; self.tokens];
        for levels in self.sounds.iter().flat_map(|sound| sound.chunks_exact(self.tokens)) {
            let Some(said) = levels.iter().position(|&level| level == 0) else { continue };
            if let (Some(sums), Some(count)) = (sums.get_mut(said), counts.get_mut(said)) {
                *count += 1;
                sums.iter_mut().zip(levels).for_each(|(sum, &level)| *sum += f32::from(level) * STEP);
            }
        }
        for (sums, count) in sums.iter_mut().zip(counts) {
            sums.iter_mut().for_each(|sum| *sum = if count == 0 { FLOOR } else { *sum / count as f32 });
        }
        sums
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// There are more of them than [`MAX_BACKGROUND_BYTES`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, BackgroundError> {
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
        for sound in &self.sounds {
            let of = |token: usize| sound.iter().skip(token).step_by(self.tokens).copied();
            let column: Vec<u8> = (0..self.tokens).flat_map(of).collect();
            deflated.write_all(&column).map_err(|_| BackgroundError::TooLong)?;
        }
        let frames = |sound: &Vec<u8>| (sound.len() / self.tokens) as u32;
        let body = postcard::to_allocvec(&Body {
            model: self.model,
            tokens: self.tokens as u32,
            blank: self.blank as u32,
            frame: self.frame as u32,
            spoken: self.spoken.clone(),
            frames: self.sounds.iter().map(frames).collect(),
            levels: deflated.finish().map_err(|_| BackgroundError::TooLong)?,
        });
        let body = body.map_err(|_| BackgroundError::TooLong)?;
        ENVELOPE.seal(&body).ok_or(BackgroundError::TooLong)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// They are not what [`Background::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BackgroundError> {
        let body = ENVELOPE.open(bytes).map_err(|error| match error {
            EnvelopeError::Magic => BackgroundError::Magic,
            EnvelopeError::Version(found) => BackgroundError::Version { found },
            EnvelopeError::Length | EnvelopeError::Checksum => BackgroundError::Damaged,
        })?;
        decode(body).ok_or(BackgroundError::Damaged)
    }
}

fn decode(body: &[u8]) -> Option<Background> {
    let (body, rest): (Body, _) = postcard::take_from_bytes(body).ok()?;
    let (tokens, blank) = (body.tokens as usize, body.blank as usize);
    let frames: u64 = body.frames.iter().map(|&frames| u64::from(frames)).sum();
    let levels = frames.checked_mul(tokens as u64)?;
    let is_possible = rest.is_empty()
        && blank < tokens
        && body.frame > 0
        && levels <= MAX_LEVELS
        && body.spoken.iter().all(|score| (0.0..=1.0).contains(score))
        && body.spoken.is_sorted();
    is_possible.then_some(())?;
    // What is inflated is read as far as it was promised, and must end there.
    let mut inflated = DeflateDecoder::new(body.levels.as_slice());
    let mut sounds = Vec::new();
    for frames in body.frames.iter().map(|&frames| frames as usize) {
        let mut columns = Vec::new();
        inflated.by_ref().take((frames * tokens) as u64).read_to_end(&mut columns).ok()?;
        let is_whole =
            columns.len() == frames * tokens && columns.iter().all(|&level| f32::from(level) * STEP <= FLOOR);
        is_whole.then_some(())?;
        let of = |frame: usize| columns.iter().skip(frame).step_by(frames).copied();
        sounds.push((0..frames).flat_map(of).collect());
    }
    let mut more = [0];
    let is_over = inflated.read(&mut more).ok()? == 0;
    is_over.then_some(Background {
        model: body.model,
        tokens,
        blank,
        frame: body.frame as usize,
        spoken: body.spoken,
        sounds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(said: &str) -> Vec<f32> {
        let place = |letter: char| "-abc".find(letter).expect("a letter");
        said.chars()
            .flat_map(|letter| (0..4).map(move |n| if n == place(letter) { 2.0 } else { 0.0 }))
            .collect()
    }

    fn background() -> Background {
        let mut background = Background::new(&Alphabet::of_letters("abc"));
        background.add(&logits("--aabb-c")).expect("room");
        background.add(&[]).expect("room");
        background.add(&logits(&format!("-c{}-abc", "-".repeat(100)))).expect("room");
        background.spoken = vec![0.25, 0.5];
        background
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let background = background();
        let bytes = background.to_bytes().expect("bytes");
        assert_eq!(Background::from_bytes(&bytes), Ok(background.clone()));
        assert_eq!(background.check(&Alphabet::of_letters("abc")), Ok(()));
        assert_eq!(background.check(&Alphabet::of_letters("abd ")), Err(BackgroundError::OtherModel));
        assert!((background.hours() * 3600.0 - 114.0 * 0.02).abs() < 1e-9);
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = background().to_bytes().expect("bytes");
        assert_eq!(Background::from_bytes(b"RIFF"), Err(BackgroundError::Magic));
        for length in 8..bytes.len() {
            assert_eq!(Background::from_bytes(&bytes[..length]), Err(BackgroundError::Damaged), "{length}");
        }
        let mut later = bytes.clone();
        later[8] = 2;
        assert_eq!(Background::from_bytes(&later), Err(BackgroundError::Version { found: 2 }));
        let mut body: Body = postcard::from_bytes(&bytes[14..bytes.len() - 4]).expect("a body");
        let refused = |body: &Body| decode(&postcard::to_allocvec(body).expect("bytes")).is_none();
        assert!(!refused(&body));
        for change in [
            |body: &mut Body| body.frames[0] += 1,
            |body: &mut Body| body.frames[2] -= 1,
            |body: &mut Body| body.frames[0] = u32::MAX,
            |body: &mut Body| body.blank = 4,
            |body: &mut Body| body.tokens = 0,
            |body: &mut Body| body.spoken.reverse(),
        ] {
            let before = postcard::to_allocvec(&body).expect("bytes");
            change(&mut body);
            assert!(refused(&body));
            body = postcard::from_bytes(&before).expect("a body");
        }
    }

    #[test]
    fn alarms_are_counted_once_a_second() {
        let alarms = background().alarms(&[vec![1, 2]]);
        let mut scores = alarms.scores;
        scores.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(scores[..2], [1.0, 1.0], "one in each of two sounds: {scores:?}");
        assert!(scores[2..].iter().all(|&score| score < 0.5), "{scores:?}");
    }

    #[test]
    fn what_is_taken_for_what_is_told() {
        let confusion = background().confusion();
        assert_eq!((confusion[1][1], confusion[1][2]), (0.0, 2.0));
    }
}
