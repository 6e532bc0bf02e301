//! The lock and the serial line to it, on simulated lines and a simulated clock.

mod lock;
mod receiver;
mod simulated;
mod wire;
