//! The sound of one client, heard in a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use wavlm_runtime::Error;
use wavlm_runtime::frontend::{AudioReader, Channel, RawFormat, SampleFormat, SoundOptions};
use wavlm_runtime::tasks::words::{ListeningError, Score, Scored, Window, WordModel};
use wavlm_wyoming::{Format, Reply};

use super::answers::Answers;
use super::pipe::{self, Filler, Pipe};
use super::service::Service;

/// Rates that are taken, in frames per second.
const RATES: std::ops::RangeInclusive<u32> = 4000..=192_000;
/// Most channels of a frame.
const MAX_CHANNELS: u16 = 8;

/// A sound that is being heard. It ends when this is dropped, or with [`Hearing::finish`].
pub struct Hearing {
    /// The format of its samples.
    pub format: Format,
    filler: Filler,
    thread: JoinHandle<bool>,
}

/// What a client listens for: these words, or every one if there are none. It may change while sound comes.
pub type Wanted = Arc<Mutex<Vec<String>>>;

/// The model that all clients share, one window at a time.
struct Shared<'a>(&'a Mutex<WordModel>);

impl Score for Shared<'_> {
    fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).score(window)
    }
}

impl Hearing {
    /// Begins to hear; `None` if there is no thread for it, or samples do not come so.
    pub fn begin(service: &Arc<Service>, format: Format, wanted: &Wanted, answers: &Answers) -> Option<Self> {
        let raw = raw(format)?;
        let (filler, pipe) = pipe::pipe();
        let (service, wanted, answers) = (service.clone(), wanted.clone(), answers.clone());
        let thread = thread::Builder::new().name("hearing".to_owned());
        let thread = thread.spawn(move || hear(&service, raw, pipe, &wanted, &answers)).ok()?;
        Some(Hearing { format, filler, thread })
    }

    /// Adds samples. Waits while too many wait to be heard; whether anybody hears them.
    pub fn push(&self, samples: Vec<u8>) -> bool {
        self.filler.send(samples).is_ok()
    }

    /// The sound is over: waits until all of it was heard; whether a wanted word was in it.
    pub fn finish(self) -> bool {
        drop(self.filler);
        self.thread.join().unwrap_or(false)
    }
}

/// How the samples lie, if they can be read.
fn raw(format: Format) -> Option<RawFormat> {
    let samples = match format.width {
        1 => SampleFormat::U8,
        2 => SampleFormat::S16Le,
        3 => SampleFormat::S24Le,
        4 => SampleFormat::S32Le,
        _ => return None,
    };
    let fits = RATES.contains(&format.rate) && (1..=MAX_CHANNELS).contains(&format.channels);
    fits.then_some(RawFormat { rate: format.rate, format: samples, channels: format.channels })
}

/// Hears the sound to its end, and tells the wanted words; whether there was one.
fn hear(service: &Service, raw: RawFormat, pipe: Pipe, wanted: &Wanted, answers: &Answers) -> bool {
    let mut found = false;
    let tell = || -> Result<(), ListeningError> {
        let options = SoundOptions { channel: Channel::Mix, raw: Some(raw) };
        let sound = AudioReader::from_stream(pipe, &options)?;
        // A decision that makes no sense was refused when the program began.
        let Ok(mut ear) = service.attention.listen(sound, Shared(&service.model)) else {
            return Ok(());
        };
        while let Some(heard) = ear.listening.next_piece()? {
            for word in heard.detections {
                let names = wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if !names.is_empty() && !names.contains(&word.keyword) {
                    continue;
                }
                let Some(likeness) = service.attention.admit(&mut ear, &word) else { continue };
                found = true;
                let speaker = likeness.speaker;
                let timestamp = (word.end_s * 1000.0) as u64;
                answers.send(Reply::Detection { name: word.keyword, timestamp, speaker });
            }
            service.attention.follow(&mut ear);
        }
        Ok(())
    };
    match tell() {
        Ok(()) | Err(ListeningError::Model(Error::TooShort { .. })) => {}
        Err(error) => answers.send(Reply::Error(error.to_string())),
    }
    found
}
