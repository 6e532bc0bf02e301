//! Listening all day: sound in, events out, and what is done about them.
//!
//! ```text
//! config   the TOML file, and what the command line changes in it
//! source   a microphone, a file or stdin; a microphone that was unplugged comes back
//! voices   who may say something
//! phrases  phrases of one's own, in a file that may change
//! ears     the model, when a word counts, and the voices
//! event    a word that was heard, and when
//! watch    who sees each window that is scored
//!   seen      such a window
//!   recorder  keeps words and near misses as sound files
//!   meter     shows bars on a terminal
//! lock     the way to what holds a lock, and signs of life to it
//! action   what is done about it
//! ```

pub mod action;
pub mod config;
pub mod ears;
pub mod event;
mod lock;
pub mod meter;
pub mod phrases;
pub mod recorder;
mod seen;
pub mod source;
pub mod voices;
pub mod watch;
