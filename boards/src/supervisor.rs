//! What watches over a service: systemd, if it started this program.
//!
//! The signs of life come from the loop that hears, so that a program that hangs is started anew.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Tells the supervisor that this program lives, as often as it wants to hear it.
#[derive(Debug)]
pub struct Supervisor {
    /// Time between two signs of life; `None` if nobody waits for them.
    every: Option<Duration>,
    told: Instant,
}

impl Supervisor {
    /// Says that the program is ready.
    pub fn ready() -> Self {
        // Without a supervisor there is nobody to tell, and that is no error.
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        // A third, so that one may come late.
        Supervisor { every: sd_notify::watchdog_enabled().map(|within| within / 3), told: Instant::now() }
    }

    /// Says that it lives, if that is due. To be called often.
    pub fn alive(&mut self) {
        if self.every.is_some_and(|every| self.told.elapsed() >= every) {
            self.told = Instant::now();
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }
}
