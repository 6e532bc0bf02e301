//! The [Wyoming protocol](https://github.com/OHF-Voice/wyoming) of Home Assistant, as far as a wake word service speaks it.
//!
//! ```text
//! codec     bytes -> messages -> bytes
//! request   what a client says
//! reply     what a service answers
//! ```
//!
//! No I/O, so that all of it can be tested and fuzzed by itself, and so that whoever speaks to a network holds nothing but
//! messages. Memory is bounded by what [`codec`] accepts, whatever comes.
#![forbid(unsafe_code)]

pub mod codec;

mod reply;
mod request;

pub use codec::{CodecError, Decoder, Message};
pub use reply::{Attribution, Info, Reply, Word};
pub use request::{Format, Request, RequestError};
