//! What moves a lock, and what may ask it to: the part of the project that also runs on a microcontroller.
//!
//! * [`Lock`] is the state machine. It owns the output line, so nothing else can move it, and shuts by itself.
//! * [`Message`] and [`Answer`] go over a serial line between the board that listens and the one that holds the lock.
//!   [`encode`] and [`Decoder`] put them into frames that survive lost and broken bytes.
//! * [`Asker`] and [`Keeper`] are the two ends of such a line: the keeper owns the lock and opens it only for a request
//!   that is new, in order and fresh, and shuts it when the asker falls silent.
//! * [`Receiver`] is the main loop of a microcontroller that holds a lock.
//!
//! No allocation, no `std`, no blocking. Time comes from a [`Clock`], lines are those of `embedded-hal` 1.0, serial lines those
//! of `embedded-io`.

#![no_std]
#![forbid(unsafe_code)]

mod asker;
mod button;
mod clock;
mod frame;
mod keeper;
mod lock;
mod message;
mod receiver;

pub use asker::Asker;
pub use button::NoButton;
pub use clock::{Clock, Millis};
pub use frame::{Decoder, FRAME_BYTES, Frame, encode};
pub use keeper::Keeper;
pub use lock::{Limits, Lines, Lock, Opener, Refusal, State};
pub use message::{Answer, Heard, Message, NAME_BYTES, Name, Outcome, Request, Token};
pub use receiver::Receiver;
