//! The lock's state machine.

use embedded_hal::digital::{InputPin, OutputPin};
use serde::{Deserialize, Serialize};

use crate::{Clock, Millis, button::Presses};

/// What a lock is wired to. A line that is high when it is active: an inverted one is the driver's matter, so that the
/// level at rest is known in one place.
#[derive(Debug)]
pub struct Lines<O, R, S> {
    /// Draws the bolt while it is high.
    pub output: O,
    /// A button that releases the door from inside, high while it is pressed; [`NoButton`](crate::NoButton) if there is
    /// none. It works without anybody listening.
    pub release: R,
    /// A button that shuts and keeps shut, high while it is pressed; [`NoButton`](crate::NoButton) if there is none.
    pub stop: S,
}

/// What no request can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest time that the output is on, in milliseconds. A request for more gets this.
    pub pulse: Millis,
    /// Shortest time from shutting to the next request that opens, in milliseconds.
    pub pause: Millis,
    /// A lock that a request opened shuts after this time without a sign of life, in milliseconds.
    pub silence: Millis,
}

/// States of a lock.
///
/// | | `Shut` | `Open` | `Stopped` | `Failed` |
/// |---|---|---|---|---|
/// | output | off | on | off | off was asked for |
/// | request to open | `Open`, if the asker is alive and the pause is over | refused | refused | refused |
/// | release button | `Open` | stays | stays | stays |
/// | stop button | `Stopped` | `Stopped` | stays | stays |
/// | stop button let go | – | – | `Shut` | – |
/// | request to shut | stays | `Shut` | stays | stays |
/// | pulse is over, or the clock goes backward | – | `Shut` | – | – |
/// | no sign of life | stays | `Shut`, unless the button opened it | – | – |
/// | a line cannot be read or set | `Failed` | `Failed` | `Failed` | stays |
/// | all lines work again | – | – | – | `Shut` |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// At rest.
    Shut,
    /// The bolt is drawn.
    Open,
    /// The stop button is pressed.
    Stopped,
    /// A line cannot be read or set. The output is told to be off at every [`Lock::poll`].
    Failed,
}

/// What opened a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opener {
    /// [`Lock::open`].
    Request,
    /// The release button.
    Button,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It is open already; a request does not make a pulse longer.
    Open,
    /// The last opening is too short a time ago.
    Pause,
    /// The stop button is pressed.
    Stopped,
    /// A line cannot be read or set.
    Failed,
    /// Who asks has given no sign of life.
    Silent,
    /// It quotes no token that is recent: the bytes were held up, or are those of another time.
    Stale,
}

/// Owns the lines of a lock. The output is off from the beginning, while anything is wrong, and after the lock is dropped.
///
/// [`Lock::poll`] must be called every few milliseconds, apart from whatever listens: it ends the pulse and reads the
/// buttons. What shuts the door when the processor itself hangs is a matter of wiring: see `boards/README.md`.
#[derive(Debug)]
pub struct Lock<O: OutputPin, R, S, C> {
    lines: Lines<O, R, S>,
    clock: C,
    limits: Limits,
    condition: Condition,
    presses: Presses,
    sign_of_life: Option<Millis>,
    shut_since: Option<Millis>,
}

/// [`State`], and what belongs to it.
#[derive(Clone, Copy, Debug)]
enum Condition {
    Shut,
    Open { since: Millis, pulse: Millis, opener: Opener },
    Stopped,
    Failed,
}

impl<O: OutputPin, R: InputPin, S: InputPin, C: Clock> Lock<O, R, S, C> {
    /// Takes the lines and shuts. The first request may come at once, after a sign of life.
    pub fn new(lines: Lines<O, R, S>, limits: Limits, clock: C) -> Self {
        let mut lock = Self {
            lines,
            clock,
            limits,
            condition: Condition::Shut,
            presses: Presses::new(),
            sign_of_life: None,
            shut_since: None,
        };
        lock.rest(Condition::Shut);
        lock
    }

    /// Its state.
    pub fn state(&self) -> State {
        match self.condition {
            Condition::Shut => State::Shut,
            Condition::Open { .. } => State::Open,
            Condition::Stopped => State::Stopped,
            Condition::Failed => State::Failed,
        }
    }

    /// What opened it, while it is open.
    pub fn opener(&self) -> Option<Opener> {
        match self.condition {
            Condition::Open { opener, .. } => Some(opener),
            _ => None,
        }
    }

    /// Who asks is alive. Whatever opens needs this first, and again within [`Limits::silence`].
    pub fn sign_of_life(&mut self) {
        self.sign_of_life = Some(self.clock.now());
    }

    /// Who asks is known to be gone.
    pub fn asker_is_gone(&mut self) {
        self.sign_of_life = None;
        self.poll();
    }

    /// Opens for `pulse` milliseconds, at most [`Limits::pulse`].
    ///
    /// # Errors
    ///
    /// Why it stays as it is.
    pub fn open(&mut self, pulse: Millis) -> Result<(), Refusal> {
        self.poll();
        let now = self.clock.now();
        match self.condition {
            Condition::Open { .. } => Err(Refusal::Open),
            Condition::Stopped => Err(Refusal::Stopped),
            Condition::Failed => Err(Refusal::Failed),
            Condition::Shut if !self.is_alive(now) => Err(Refusal::Silent),
            Condition::Shut if self.shut_since.is_some_and(|at| !is_over(at, self.limits.pause, now)) => {
                Err(Refusal::Pause)
            }
            Condition::Shut => {
                self.draw(pulse, Opener::Request);
                match self.condition {
                    Condition::Open { .. } => Ok(()),
                    _ => Err(Refusal::Failed),
                }
            }
        }
    }

    /// Shuts now, whoever opened.
    pub fn shut(&mut self) {
        if let Condition::Open { .. } = self.condition {
            self.rest(Condition::Shut);
        }
    }

    /// Does what time and buttons ask for.
    pub fn poll(&mut self) {
        let now = self.clock.now();
        let (Ok(stop), Ok(release)) = (self.lines.stop.is_high(), self.lines.release.is_high()) else {
            self.rest(Condition::Failed);
            return;
        };
        let pressed = self.presses.update(release, now);
        match self.condition {
            Condition::Failed => self.rest(Condition::Shut),
            _ if stop => self.rest(Condition::Stopped),
            Condition::Stopped => self.rest(Condition::Shut),
            Condition::Open { since, pulse, opener } => {
                let abandoned = opener == Opener::Request && !self.is_alive(now);
                if abandoned || is_over(since, pulse, now) {
                    self.rest(Condition::Shut);
                }
            }
            Condition::Shut if pressed => self.draw(self.limits.pulse, Opener::Button),
            Condition::Shut => {}
        }
    }

    /// Whether there was a sign of life within the time allowed.
    fn is_alive(&self, now: Millis) -> bool {
        self.sign_of_life.is_some_and(|at| !is_over(at, self.limits.silence, now))
    }

    fn draw(&mut self, pulse: Millis, opener: Opener) {
        // The time from before the line moves: the pulse can only be shorter than asked.
        let since = self.clock.now();
        if self.lines.output.set_high().is_err() {
            self.rest(Condition::Failed);
            return;
        }
        self.condition = Condition::Open { since, pulse: pulse.min(self.limits.pulse), opener };
    }

    /// Switches the output off, whatever was known about it, and takes this state if that worked.
    fn rest(&mut self, then: Condition) {
        let was_open = matches!(self.condition, Condition::Open { .. });
        self.condition = match self.lines.output.set_low() {
            Ok(()) => then,
            Err(_) => Condition::Failed,
        };
        if was_open {
            self.shut_since = Some(self.clock.now());
        }
    }
}

impl<O: OutputPin, R, S, C> Drop for Lock<O, R, S, C> {
    fn drop(&mut self) {
        // Nobody is left to be told, and the kernel lets go of the line in any case.
        let _ = self.lines.output.set_low();
    }
}

/// Whether so long has passed since then. A clock that went backward cannot be trusted with an open door.
fn is_over(since: Millis, time: Millis, now: Millis) -> bool {
    now.checked_sub(since).is_none_or(|passed| passed >= time)
}
