//! The way to whatever holds a lock: `wavlm-lock` behind a socket, or a microcontroller behind a serial line.
//!
//! Both run the same keeper. Signs of life come from the loop that listens, so that a listener that hangs, or that hears no
//! sound, holds no door open.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use wavlm_link::{Asker, Heard, Name, Refusal, Request, State};

use super::config;
use super::event::Event;

/// How often there is a sign of life; a lock shuts after some 800 ms without one.
const BEAT: Duration = Duration::from_millis(100);
/// How often a keeper that is not there is looked for.
const RETRY: Duration = Duration::from_secs(1);
/// Bytes that are taken at a time: several answers.
const MOST_BYTES: usize = 1024;

/// What should be known of a lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockTrouble {
    /// Nobody holds it.
    #[error("{place}: {reason}; the lock stays shut until it is back")]
    Away {
        /// The socket or the serial line.
        place: String,
        /// The system's words.
        reason: String,
    },
    /// It was asked, and stays shut.
    #[error("{place}: the lock stays shut: {}", reason(*.refusal))]
    Refused {
        /// The socket or the serial line.
        place: String,
        /// Why.
        refusal: Refusal,
    },
}

fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Open => "it is open already",
        Refusal::Pause => "it was opened too short a time ago",
        Refusal::Stopped => "its stop button is pressed",
        Refusal::Failed => "one of its lines cannot be read or set",
        Refusal::Silent => "it has heard no sign of life from here",
        Refusal::Stale => "the request came too late",
    }
}

/// Asks for a lock to be opened, and gives signs of life.
#[derive(Debug)]
pub struct Lock {
    config: config::Lock,
    keeper: Option<Keeper>,
    /// When a keeper was looked for last.
    looked: Option<Instant>,
    /// Why there is none, as far as it was told.
    told: Option<String>,
}

/// A keeper that is there.
#[derive(Debug)]
struct Keeper {
    stream: Stream,
    asker: Asker,
    spoke: Instant,
    /// The message that asked to open, until it is known what came of it.
    asked: Option<u32>,
    state: Option<State>,
}

#[derive(Debug)]
enum Stream {
    Socket(UnixStream),
    Serial(File),
}

impl Lock {
    /// A lock that is looked for at the first [`Lock::tend`].
    pub fn new(config: config::Lock) -> Self {
        Lock { config, keeper: None, looked: None, told: None }
    }

    /// Gives a sign of life if one is due, and hears what the keeper says. Never waits; to be called many times a second.
    pub fn tend(&mut self) -> Option<LockTrouble> {
        if self.keeper.is_none() {
            if self.looked.is_some_and(|at| at.elapsed() < RETRY) {
                return None;
            }
            self.looked = Some(Instant::now());
            match Stream::open(&self.config) {
                Ok(stream) => {
                    self.keeper = Some(Keeper::new(stream));
                    self.told = None;
                }
                Err(error) => return self.away(&error),
            }
        }
        let tended = self.keeper.as_mut().map(Keeper::tend)?;
        match tended {
            Ok(refusal) => refusal.map(|refusal| LockTrouble::Refused { place: self.place(), refusal }),
            Err(error) => self.away(&error),
        }
    }

    /// Tells of a word, which moves nothing.
    pub fn tell(&mut self, event: &Event) -> Option<LockTrouble> {
        self.say(Request::Heard(heard(event)))
    }

    /// Asks to open for so long; what came of it is told by [`Lock::tend`].
    pub fn open(&mut self, pulse: Duration) -> Option<LockTrouble> {
        let pulse = u32::try_from(pulse.as_millis()).unwrap_or(u32::MAX);
        let trouble = self.say(Request::Open { pulse });
        match &mut self.keeper {
            Some(keeper) => {
                keeper.asked = Some(keeper.asker.sequence());
                trouble
            }
            None => trouble
                .or_else(|| Some(LockTrouble::Away { place: self.place(), reason: "not there".to_owned() })),
        }
    }

    fn say(&mut self, request: Request) -> Option<LockTrouble> {
        let error = self.keeper.as_mut()?.say(request).err()?;
        self.away(&error)
    }

    /// Lets go of the keeper; told once for each reason.
    fn away(&mut self, error: &io::Error) -> Option<LockTrouble> {
        self.keeper = None;
        let reason = error.to_string();
        if self.told.as_ref() == Some(&reason) {
            return None;
        }
        self.told = Some(reason.clone());
        Some(LockTrouble::Away { place: self.place(), reason })
    }

    fn place(&self) -> String {
        self.config.place().display().to_string()
    }
}

impl Keeper {
    fn new(stream: Stream) -> Self {
        let spoke = Instant::now().checked_sub(BEAT).unwrap_or_else(Instant::now);
        Keeper { stream, asker: Asker::new(), spoke, asked: None, state: None }
    }

    /// Why it refused, if it did.
    fn tend(&mut self) -> io::Result<Option<Refusal>> {
        let refusal = self.receive()?;
        if self.spoke.elapsed() >= BEAT {
            self.say(Request::Heartbeat)?;
        }
        Ok(refusal)
    }

    fn receive(&mut self) -> io::Result<Option<Refusal>> {
        let mut bytes = [0; MOST_BYTES];
        let count = match self.stream.read(&mut bytes) {
            Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the other end is gone")),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            Err(error) => return Err(error),
        };
        let mut refusal = None;
        for &byte in bytes.get(..count).unwrap_or_default() {
            let Some(answer) = self.asker.receive(byte) else { continue };
            if self.state.replace(answer.state) != Some(answer.state) {
                eprintln!("wavlm: the lock is {}", if answer.state == State::Open { "open" } else { "shut" });
            }
            if let Some(outcome) = answer.outcome.filter(|outcome| Some(outcome.sequence) == self.asked) {
                self.asked = None;
                refusal = outcome.refusal;
            }
        }
        Ok(refusal)
    }

    fn say(&mut self, request: Request) -> io::Result<()> {
        let Some(frame) = self.asker.say(request) else { return Ok(()) };
        self.spoke = Instant::now();
        // A keeper that takes nothing any more hangs, and half a frame is none.
        match self.stream.write(&frame)? {
            written if written == frame.len() => Ok(()),
            _ => Err(io::Error::new(ErrorKind::WriteZero, "the other end takes no more")),
        }
    }
}

impl Stream {
    fn open(config: &config::Lock) -> io::Result<Self> {
        match config {
            config::Lock::Socket { socket } => {
                let stream = UnixStream::connect(socket)?;
                stream.set_nonblocking(true)?;
                Ok(Stream::Socket(stream))
            }
            config::Lock::Serial { serial, baud } => Ok(Stream::Serial(serial_line(serial, *baud)?)),
        }
    }
}

/// A serial line that gives bytes as they are.
fn serial_line(path: &Path, baud: u32) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let line = File::from(open(path, flags, Mode::empty())?);
    let mut settings = tcgetattr(&line)?;
    settings.make_raw();
    settings.set_speed(baud)?;
    tcsetattr(&line, OptionalActions::Flush, &settings)?;
    Ok(line)
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Socket(stream) => stream.read(bytes),
            Stream::Serial(file) => file.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Socket(stream) => stream.write(bytes),
            Stream::Serial(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Socket(stream) => stream.flush(),
            Stream::Serial(file) => file.flush(),
        }
    }
}

/// The event as it goes over the wire.
fn heard(event: &Event) -> Heard {
    Heard {
        word: name(&event.keyword),
        score: event.score,
        speaker: event.speaker.as_deref().map(name),
        speaker_score: event.speaker_score,
        time: Duration::from_secs_f64(event.monotonic_s.max(0.0)).as_millis().try_into().unwrap_or(u64::MAX),
    }
}

/// As much of a name as fits.
fn name(whole: &str) -> Name {
    let mut fits = Name::new();
    for letter in whole.chars() {
        if fits.push(letter).is_err() {
            break;
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_letters() {
        assert_eq!(name("anna").as_str(), "anna");
        let long = name(&"ä".repeat(40));
        assert_eq!(long.chars().count(), wavlm_link::NAME_BYTES / 2);
    }

    #[test]
    fn a_lock_that_is_not_there_is_told_once_and_asked_in_vain() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let mut lock = Lock::new(config::Lock::Socket { socket });
        assert!(matches!(lock.tend(), Some(LockTrouble::Away { .. })));
        assert_eq!(lock.tend(), None);
        assert!(matches!(lock.open(Duration::from_secs(1)), Some(LockTrouble::Away { .. })));
    }
}
