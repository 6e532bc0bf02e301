//! The main loop of a microcontroller that holds a lock behind a serial line.

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_io::{Read, ReadReady, Write};

use crate::{Clock, Keeper, Lock};

/// Most bytes that a turn takes: buttons and pulses must not wait for a line that never falls silent.
const MOST_BYTES: usize = 256;

/// A serial line and the [`Keeper`] behind it. What is the board's own is how it starts: clocks, pins, and a watchdog.
///
/// ```
/// # use embedded_hal::digital::{InputPin, OutputPin};
/// # use embedded_io::{Read, ReadReady, Write};
/// use wavlm_link::{Clock, Keeper, Limits, Lines, Lock, NoButton, Receiver};
///
/// /// `starts` counts the starts of the board, as a cell of its flash or of its backup registers does.
/// fn hold(
///     serial: impl Read + ReadReady + Write,
///     bolt: impl OutputPin,
///     release: impl InputPin,
///     clock: impl Clock + Clone,
///     starts: u32,
///     mut feed_watchdog: impl FnMut(),
/// ) -> ! {
///     let lines = Lines { output: bolt, release, stop: NoButton };
///     let limits = Limits { pulse: 3000, pause: 1000, silence: 800 };
///     let lock = Lock::new(lines, limits, clock.clone());
///     let keeper = Keeper::new(lock, clock, starts.wrapping_mul(0x9e37_79b1));
///     let mut receiver = Receiver::new(serial, keeper);
///     loop {
///         receiver.turn();
///         feed_watchdog();
///     }
/// }
/// ```
///
/// The watchdog should bite within half a second, and the output's pin should be pulled to where the bolt stays shut while the
/// microcontroller resets.
#[derive(Debug)]
pub struct Receiver<U, O: OutputPin, R, S, C> {
    serial: U,
    keeper: Keeper<O, R, S, C>,
}

impl<U, O, R, S, C> Receiver<U, O, R, S, C>
where
    U: Read + ReadReady + Write,
    O: OutputPin,
    R: InputPin,
    S: InputPin,
    C: Clock + Clone,
{
    /// Takes the line and the keeper.
    pub fn new(serial: U, keeper: Keeper<O, R, S, C>) -> Self {
        Self { serial, keeper }
    }

    /// The lock.
    pub fn lock(&self) -> &Lock<O, R, S, C> {
        self.keeper.lock()
    }

    /// Takes what has come, does what time and buttons ask for, and answers if that is due. To be called every few
    /// milliseconds. A line that fails is a silent one: the lock shuts when signs of life stay away.
    pub fn turn(&mut self) {
        for _ in 0..MOST_BYTES {
            let mut byte = [0];
            if !matches!(self.serial.read_ready(), Ok(true)) || !matches!(self.serial.read(&mut byte), Ok(1))
            {
                break;
            }
            // A word that was heard moves nothing.
            let _ = self.keeper.receive(byte[0]);
        }
        if let Some(answer) = self.keeper.poll() {
            // Whoever hears no answer asks again.
            let _ = self.serial.write_all(&answer);
        }
    }
}
