//! Time, as the lock needs it.

/// Milliseconds since some moment that never changes while a program runs.
pub type Millis = u64;

/// A clock that only goes forward: one that is set by hand or from a network would hold a door open.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Millis;
}

impl<C: Clock> Clock for &C {
    fn now(&self) -> Millis {
        C::now(self)
    }
}
