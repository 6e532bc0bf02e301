//! Keeps what was heard, and what nearly was, as sound files with their scores: what thresholds are set by. Only where it is
//! asked for, in a folder that its owner alone can read, and never more bytes than were allowed.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder};
use std::io::{Cursor, Write};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hound::{SampleFormat, WavSpec, WavWriter};
use wavlm_format::{Readers, write_atomically};
use wavlm_runtime::frontend::SAMPLE_RATE;

use super::event::{Event, moment};
use super::seen::Seen;
use crate::failure::Failure;

/// Sound that is remembered, in samples: more than any word and the time until it is told.
const REMEMBERED: usize = 6 * SAMPLE_RATE as usize;
/// Sound on either side of a word that is kept with it, in samples.
const AROUND: u64 = SAMPLE_RATE as u64 / 2;
/// How long a near miss waits for the event that it may belong to, in samples.
const PATIENCE: u64 = 2 * SAMPLE_RATE as u64;
/// A window is nearly a word from this share of the threshold on.
const NEAR: f32 = 0.5;

/// A window in which a word was probable, and that is no event so far.
#[derive(Clone, Debug, PartialEq)]
struct Near {
    keyword: String,
    score: f32,
    sound: Range<u64>,
}

/// Writes sound files into a folder.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    most_bytes: u64,
    /// Of each label, the keyword and the probability from which on it is nearly heard.
    keywords: Vec<Option<(String, f32)>>,
    /// The latest samples, and the number of the one behind them.
    sound: VecDeque<f32>,
    end: u64,
    near: Option<Near>,
}

impl Recorder {
    /// Makes the folder, if it is not there. `keywords` gives, of each label that is a keyword, the word and its threshold.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(
        folder: &Path,
        most_bytes: u64,
        keywords: Vec<Option<(String, f32)>>,
    ) -> Result<Self, Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(Failure::io(folder))?;
        let nearly = |(word, threshold): (String, f32)| (word, NEAR * threshold);
        let keywords = keywords.into_iter().map(|keyword| keyword.map(nearly)).collect();
        let folder = folder.to_owned();
        Ok(Recorder { folder, most_bytes, keywords, sound: VecDeque::new(), end: 0, near: None })
    }

    /// A new sound: what came before is over.
    pub fn begin(&mut self) {
        self.sound.clear();
        (self.end, self.near) = (0, None);
    }

    /// A window was scored.
    pub fn see(&mut self, seen: &Seen<'_>) {
        let window = seen.start..seen.start + seen.samples.len() as u64;
        // Windows without a voice are not scored, and their sound is not known.
        if window.start > self.end {
            self.sound.clear();
            self.end = window.start;
        }
        let known = (self.end - window.start).min(seen.samples.len() as u64) as usize;
        self.sound.extend(seen.samples.iter().skip(known));
        self.end = self.end.max(window.end);
        let surplus = self.sound.len().saturating_sub(REMEMBERED);
        self.sound.drain(..surplus);

        let named = self.keywords.iter().zip(seen.probabilities).filter_map(|(keyword, &score)| {
            keyword.as_ref().filter(|(_, least)| score >= *least).map(|(word, _)| (word, score))
        });
        let Some((keyword, score)) = named.max_by(|a, b| a.1.total_cmp(&b.1)) else { return };
        if self.near.as_ref().is_none_or(|near| near.score < score) {
            self.near = Some(Near { keyword: keyword.clone(), score, sound: window });
        }
    }

    /// Keeps the sound of a word.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn event(&mut self, event: &Event) -> Result<(), Failure> {
        let sample = |seconds: f64| (seconds * f64::from(SAMPLE_RATE)) as u64;
        let sound = sample(event.start_s)..sample(event.end_s);
        self.near.take_if(|near| near.sound.start < sound.end && sound.start < near.sound.end);
        self.keep(&event.keyword, "heard", event.score, &sound, event.time)
    }

    /// Keeps a near miss once no event can come of it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn tick(&mut self) -> Result<(), Failure> {
        let over = self.near.take_if(|near| near.sound.end + PATIENCE <= self.end);
        let Some(Near { keyword, score, sound }) = over else { return Ok(()) };
        self.keep(&keyword, "near", score, &sound, SystemTime::now())
    }

    fn keep(
        &self,
        keyword: &str,
        kind: &str,
        score: f32,
        sound: &Range<u64>,
        time: SystemTime,
    ) -> Result<(), Failure> {
        let first = self.end - self.sound.len() as u64;
        let from = sound.start.saturating_sub(AROUND).max(first) - first;
        let to = (sound.end + AROUND).min(self.end).saturating_sub(first);
        if to <= from {
            return Ok(());
        }
        // Colons are no part of names on some file systems, and labels may hold anything.
        let safe: String = keyword.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        let time = moment(time).to_string().replace(':', "-");
        let file = self.folder.join(format!("{time}-{kind}-{safe}-{score:.3}.wav"));
        let bytes = wave(self.sound.range(from as usize..to as usize)).map_err(Failure::io(&file))?;
        self.make_room(bytes.len() as u64)?;
        write_atomically(&file, Readers::Owner, |out| out.write_all(&bytes)).map_err(Failure::io(&file))
    }

    /// Removes the oldest files until so many bytes more are allowed.
    fn make_room(&self, bytes: u64) -> Result<(), Failure> {
        let mut files: Vec<(PathBuf, u64)> = fs::read_dir(&self.folder)
            .map_err(Failure::io(&self.folder))?
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "wav"))
            .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())))
            .collect();
        // Names begin with the time.
        files.sort();
        let mut all: u64 = files.iter().map(|(_, length)| length).sum();
        for (file, length) in files {
            if all + bytes <= self.most_bytes {
                break;
            }
            fs::remove_file(&file).map_err(Failure::io(&file))?;
            all -= length;
        }
        Ok(())
    }
}

/// A 16-bit WAV file.
fn wave<'a>(samples: impl Iterator<Item = &'a f32>) -> std::io::Result<Vec<u8>> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).map_err(std::io::Error::other)?;
    for sample in samples {
        let rounded = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
        writer.write_sample(rounded).map_err(std::io::Error::other)?;
    }
    writer.finalize().map_err(std::io::Error::other)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use wavlm_runtime::tasks::words::Detection;

    use super::*;
    use crate::listen::voices::Likeness;

    const SECOND: u64 = SAMPLE_RATE as u64;

    fn recorder(folder: &Path, most_bytes: u64) -> Recorder {
        let keywords = vec![Some(("go".to_owned(), 0.8)), None];
        Recorder::new(&folder.join("kept"), most_bytes, keywords).expect("a recorder")
    }

    /// Seconds of windows, a quarter apart; the keyword is as probable as `probability` says.
    fn listen(recorder: &mut Recorder, seconds: Range<u64>, probability: f32) {
        for quarter in 4 * seconds.start..4 * seconds.end {
            let samples = vec![0.1; SECOND as usize];
            let probabilities = [probability, 1.0 - probability];
            recorder.see(&Seen {
                start: quarter * SECOND / 4,
                samples: &samples,
                probabilities: &probabilities,
            });
            recorder.tick().expect("kept");
        }
    }

    fn event(start_s: f64, end_s: f64) -> Event {
        let detection = Detection { keyword: "go".to_owned(), score: 0.9, start_s, end_s };
        Event::now(detection, Likeness::default(), Instant::now())
    }

    fn kept(recorder: &Recorder) -> Vec<(String, u32)> {
        let entries = fs::read_dir(&recorder.folder).expect("the folder").flatten();
        let mut names: Vec<(String, u32)> = entries
            .map(|entry| {
                let sound = hound::WavReader::open(entry.path()).expect("a sound file");
                (entry.file_name().into_string().expect("UTF-8"), sound.duration())
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_word_is_kept_with_what_is_around_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut recorder = recorder(folder.path(), 1 << 20);
        listen(&mut recorder, 0..2, 0.0);
        listen(&mut recorder, 2..3, 0.9);
        recorder.event(&event(2.1, 2.6)).expect("kept");
        listen(&mut recorder, 3..8, 0.0);
        let kept = kept(&recorder);
        assert!(matches!(&kept[..], [(name, _)] if name.ends_with("-heard-go-0.900.wav")), "{kept:?}");
        assert_eq!(kept[0].1, SAMPLE_RATE * 3 / 2, "half a second on either side");
    }

    #[test]
    fn a_near_miss_is_kept_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut recorder = recorder(folder.path(), 1 << 20);
        listen(&mut recorder, 0..2, 0.0);
        listen(&mut recorder, 2..3, 0.5);
        listen(&mut recorder, 3..9, 0.1);
        let kept = kept(&recorder);
        assert!(matches!(&kept[..], [(name, _)] if name.ends_with("-near-go-0.500.wav")), "{kept:?}");
    }

    #[test]
    fn the_oldest_make_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut recorder = recorder(folder.path(), 100_000);
        listen(&mut recorder, 0..3, 0.0);
        for tenth in 0..5 {
            let start = 1.0 + f64::from(tenth) / 10.0;
            recorder.event(&event(start, start + 0.2)).expect("kept");
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        let kept = kept(&recorder);
        assert_eq!(kept.len(), 2, "{kept:?}");
    }

    #[test]
    fn sound_behind_a_gap_is_not_joined_to_what_was_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut recorder = recorder(folder.path(), 1 << 20);
        listen(&mut recorder, 0..1, 0.0);
        listen(&mut recorder, 20..21, 0.0);
        recorder.event(&event(20.1, 20.3)).expect("kept");
        assert_eq!(kept(&recorder)[0].1, SAMPLE_RATE * 8 / 10, "it begins at 20 s");
    }
}
