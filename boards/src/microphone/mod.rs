//! A live microphone, through ALSA.
//!
//! ```text
//! devices   which there are
//! capture   the thread that reads one, and takes it again when it was unplugged
//! levels    how loud each channel is, and what is wrong with it
//! ring      what stands between that thread and the one that computes
//! ```

mod capture;
mod devices;
mod levels;
mod ring;

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use wavlm_runtime::frontend::RawFormat;

pub use devices::list;
pub use levels::Levels;
use ring::{Block, Drain, Item};

/// A microphone that is read in the background.
pub struct Microphone {
    line: Arc<Mutex<Line>>,
}

/// The near end of the ring.
struct Line {
    drain: Drain,
    /// The format of the device, while one is open.
    open: Option<RawFormat>,
}

/// What a microphone gives between being plugged in and being unplugged.
pub struct Stream {
    /// How its bytes are to be read.
    pub format: RawFormat,
    line: Arc<Mutex<Line>>,
    block: Block,
    taken: usize,
    over: bool,
}

impl Microphone {
    /// Begins to read a device of ALSA by its name. It need not be there yet.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(device: &str) -> io::Result<Self> {
        let (filler, drain) = ring::ring();
        let device = device.to_owned();
        thread::Builder::new().name("microphone".to_owned()).spawn(move || capture::run(&device, filler))?;
        Ok(Microphone { line: Arc::new(Mutex::new(Line { drain, open: None })) })
    }

    /// The sound from now on; waits for the device if it is not there, and calls `waiting` many times a second meanwhile.
    pub fn next_stream(&self, mut waiting: impl FnMut()) -> Stream {
        let mut line = lock(&self.line);
        let format = loop {
            match line.open {
                Some(format) => break format,
                None => drop(line.next(&mut waiting)),
            }
        };
        Stream { format, line: self.line.clone(), block: Block::new(), taken: 0, over: false }
    }

    /// Bytes that were lost since this was asked last, because nobody read them in time.
    pub fn take_lost(&self) -> u64 {
        lock(&self.line).drain.take_lost()
    }
}

impl Line {
    /// Waits for the next item; its sound, if it is some.
    fn next(&mut self, waiting: impl FnMut()) -> Option<Block> {
        match self.drain.next(waiting) {
            Item::Sound(block) => return Some(block),
            Item::Opened(format) => self.open = Some(format),
            Item::Closed => self.open = None,
        }
        None
    }
}

/// Nothing that is done under this lock can leave it half done.
fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read for Stream {
    /// Waits for sound. Ends when the device is unplugged.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() && !self.over {
            match lock(&self.line).next(|| {}) {
                Some(block) => (self.block, self.taken) = (block, 0),
                None => self.over = true,
            }
        }
        let count = self.block.get(self.taken..).unwrap_or_default().read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}
