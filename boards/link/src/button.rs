//! Push buttons beside a door.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin};

use crate::Millis;

/// How long a contact must rest before its new level counts, in milliseconds.
const DEBOUNCE: Millis = 30;

/// Where no button is: never pressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoButton;

impl ErrorType for NoButton {
    type Error = Infallible;
}

impl InputPin for NoButton {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// Tells presses of a bouncing contact. A button that is held, or that is stuck from the beginning, is no press.
#[derive(Debug)]
pub struct Presses {
    resting: bool,
    /// The level that was read last, and since when it is so.
    read: (bool, Millis),
}

impl Presses {
    /// Nothing counts before the contact was seen open.
    pub const fn new() -> Self {
        Self { resting: true, read: (true, 0) }
    }

    /// Takes a reading: whether the button was pressed just now.
    pub fn update(&mut self, pressed: bool, now: Millis) -> bool {
        if pressed != self.read.0 {
            self.read = (pressed, now);
        }
        let rests = now.saturating_sub(self.read.1) >= DEBOUNCE;
        if !rests || pressed == self.resting {
            return false;
        }
        self.resting = pressed;
        pressed
    }
}
