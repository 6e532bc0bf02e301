//! libwavlm: keywords and voices for programs in C. `wavlm.h` is made from this crate, comments included.
//!
//! ```text
//! words    a model that hears keywords in one sound
//! voices   a model that embeds voices
//! error    the latest error of a thread; no panic leaves this library
//! memory   what comes from C: texts and samples; the only other place of `unsafe` is at the handles
//! ```

mod error;
mod memory;
mod voices;
mod words;

pub use error::{wavlm_last_error, wavlm_version};
pub use voices::{
    WavlmVoices, wavlm_score, wavlm_voices_close, wavlm_voices_dimension, wavlm_voices_embed,
    wavlm_voices_open, wavlm_voices_threshold,
};
pub use words::{
    WavlmEvent, WavlmWords, wavlm_words_close, wavlm_words_finish, wavlm_words_keyword, wavlm_words_open,
    wavlm_words_poll, wavlm_words_push,
};
