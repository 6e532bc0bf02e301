//! What is said, by a CTC head: text, or phones.
//!
//! ```text
//! transcriber  sound -> tokens, chunk by chunk
//! greedy       logits of frames -> tokens (the likeliest of each frame, joined)
//! words        tokens -> words and text
//! ```

mod greedy;
mod transcriber;
mod words;

pub use greedy::{Greedy, Token};
pub use transcriber::Transcriber;
pub use words::{Transcript, Word};
