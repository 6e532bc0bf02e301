//! The time since the program began.

use std::time::Instant;

use wavlm_link::{Clock, Millis};

/// Goes on whatever the clock on the wall is set to.
#[derive(Clone, Copy, Debug)]
pub struct SinceStart(Instant);

impl SinceStart {
    /// A clock that shows zero.
    pub fn new() -> Self {
        SinceStart(Instant::now())
    }
}

impl Clock for SinceStart {
    fn now(&self) -> Millis {
        Millis::try_from(self.0.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }
}
