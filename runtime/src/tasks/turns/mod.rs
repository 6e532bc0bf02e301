//! Who speaks when, by a frame head: labels that each frame has or has not, one of them for each speaker.
//!
//! ```text
//! diarizer  sound -> probabilities of every label in every frame -> turns
//! chunks    long sound in pieces, whose labels are matched where they overlap
//! filter    probabilities -> turns
//! ```

mod chunks;
mod diarizer;
mod filter;

pub use diarizer::Diarizer;
pub use filter::{Turn, TurnOptions};
