//! A line that is switched on for a while: a lamp, a buzzer, a relay.

use std::time::{Duration, Instant};

use embedded_hal::digital::OutputPin;
use wavlm_pins::{Pin, PinError, Place};

use super::Trouble;
use crate::listen::config;

/// How the kernel shows who holds the line.
const HOLDER: &str = "wavlm-listen";

/// A line, and until when it is on.
#[derive(Debug)]
pub struct Lamp {
    pin: Pin,
    lasts: Duration,
    until: Option<Instant>,
}

impl Lamp {
    /// The line of an action, if it has one; off.
    ///
    /// # Errors
    /// It cannot be held.
    pub fn of(action: &config::Action) -> Result<Option<Self>, PinError> {
        let Some(line) = &action.line else { return Ok(None) };
        let pin = Pin::output(Place { chip: &action.chip, line, holder: HOLDER }, false)?;
        Ok(Some(Lamp { pin, lasts: Duration::from_secs_f32(action.line_s), until: None }))
    }

    /// Switches it on, from now for as long as it lasts.
    pub fn begin(&mut self) -> Result<(), Trouble> {
        self.until = Some(Instant::now() + self.lasts);
        Ok(self.pin.set_high()?)
    }

    /// Switches it off when its time is over.
    pub fn tend(&mut self) -> Result<(), Trouble> {
        if self.until.is_none_or(|until| Instant::now() < until) {
            return Ok(());
        }
        self.until = None;
        Ok(self.pin.set_low()?)
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.until.is_some()
    }
}

impl Drop for Lamp {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.pin.set_low();
    }
}
