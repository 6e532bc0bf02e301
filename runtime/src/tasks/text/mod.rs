//! What is said, by a CTC head: text, or phones.
//!
//! ```text
//! transcriber  sound -> logits of frames, chunk by chunk -> tokens -> words
//! greedy       logits of frames -> tokens: the likeliest of each frame, joined
//! beam         logits of frames -> tokens: the likeliest over all ways to say them
//! words        tokens -> words and text
//! vocabulary   what tokens stand for
//! ```

mod beam;
mod greedy;
mod transcriber;
mod vocabulary;
mod words;

pub use beam::Beam;
pub use greedy::{Greedy, Token};
pub use transcriber::{Decoding, FrameLogits, Transcriber};
pub use vocabulary::Vocabulary;
pub use words::{Transcript, Word};
