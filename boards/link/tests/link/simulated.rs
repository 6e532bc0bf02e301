//! Lines and a clock that a test moves, and what became of the output, with times.

use std::{cell::RefCell, rc::Rc};

use embedded_hal::digital::{Error, ErrorKind, ErrorType, InputPin, OutputPin};
use wavlm_link::{Clock, Limits, Lines, Lock, Millis};

pub const LIMITS: Limits = Limits { pulse: 3000, pause: 1000, silence: 800 };

/// How often a program polls.
pub const POLL: Millis = 5;

#[derive(Default)]
struct World {
    now: Millis,
    output: bool,
    broken: bool,
    release: bool,
    stop: bool,
    changes: Vec<(Millis, bool)>,
}

/// A handle on the world, which serves as each of its lines and as its clock.
#[derive(Clone, Default)]
pub struct Bench(Rc<RefCell<World>>);

impl Bench {
    pub fn lock(&self) -> SimulatedLock {
        let lines = Lines {
            output: Output(self.clone()),
            release: Input(self.clone(), |world| world.release),
            stop: Input(self.clone(), |world| world.stop),
        };
        Lock::new(lines, LIMITS, self.clone())
    }

    pub fn pass(&self, time: Millis) {
        self.0.borrow_mut().now += time;
    }

    pub fn set_clock(&self, now: Millis) {
        self.0.borrow_mut().now = now;
    }

    pub fn press_release(&self, pressed: bool) {
        self.0.borrow_mut().release = pressed;
    }

    pub fn press_stop(&self, pressed: bool) {
        self.0.borrow_mut().stop = pressed;
    }

    /// From now on no line can be read or set, or all can again.
    pub fn break_lines(&self, broken: bool) {
        self.0.borrow_mut().broken = broken;
    }

    pub fn output(&self) -> bool {
        self.0.borrow().output
    }

    /// How long the output was on, each time that it was, up to now.
    pub fn pulses(&self) -> Vec<Pulse> {
        let world = self.0.borrow();
        let ends = world.changes.iter().skip(1).map(|&(at, _)| at).chain([world.now]);
        world
            .changes
            .iter()
            .zip(ends)
            .filter(|((_, on), _)| *on)
            .map(|(&(from, _), to)| Pulse { from, to })
            .collect()
    }
}

/// A stretch of time with the output on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    pub from: Millis,
    pub to: Millis,
}

impl Clock for Bench {
    fn now(&self) -> Millis {
        self.0.borrow().now
    }
}

pub struct Output(Bench);
pub struct Input(Bench, fn(&World) -> bool);
pub type SimulatedLock = Lock<Output, Input, Input, Bench>;

#[derive(Debug)]
pub struct Broken;

impl Error for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Output {
    type Error = Broken;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), Broken> {
        self.set(false)
    }

    fn set_high(&mut self) -> Result<(), Broken> {
        self.set(true)
    }
}

impl Output {
    fn set(&self, on: bool) -> Result<(), Broken> {
        let world = &mut *self.0.0.borrow_mut();
        if world.broken {
            return Err(Broken);
        }
        if world.output != on {
            world.output = on;
            world.changes.push((world.now, on));
        }
        Ok(())
    }
}

impl ErrorType for Input {
    type Error = Broken;
}

impl InputPin for Input {
    fn is_high(&mut self) -> Result<bool, Broken> {
        let world = self.0.0.borrow();
        if world.broken { Err(Broken) } else { Ok((self.1)(&world)) }
    }

    fn is_low(&mut self) -> Result<bool, Broken> {
        self.is_high().map(|high| !high)
    }
}
