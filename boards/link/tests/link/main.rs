//! The lock and the serial line to it, on simulated lines and a simulated clock.

mod lock;
mod simulated;
mod wire;
