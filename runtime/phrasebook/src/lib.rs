//! Phrases of one's own, typed or shown: what a file of words holds, and how an entry of it comes about.
//!
//! ```text
//! spoken    text or phones that were typed -> the ways to say it
//! shown     what the head heard in recordings of a phrase, and its name -> the ways to say it; which recording is another phrase
//! prospect  ways -> the threshold for so many false alarms an hour, and how many are then heard
//! rivals    ways -> other words that would be taken for it
//! book      the file: phrases with their thresholds and voices
//! edit      entries go in and out, and what a person wrote around them stays
//! ```
#![forbid(unsafe_code)]

mod book;
mod edit;
mod prospect;
mod rivals;
mod shown;
mod spoken;

pub use book::{Book, BookError, Entry};
pub use edit::{put, remove};
pub use prospect::Prospect;
pub use rivals::{Rival, rivals};
pub use shown::{ShownError, shown};
pub use spoken::{Spoken, SpokenError};
