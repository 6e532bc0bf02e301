//! What the tensors of a model mean: words, speakers, text.
//!
//! ```text
//! words::KeywordSpotter     logits of sliding windows -> keywords with their time
//! words::WordModel          a session that gives those logits
//! speaker::Sound            is a recording fit for telling a voice from others?
//! speaker::Voiceprint       one voice, as enrolled; a small file
//! speaker::SpeakerVerifier  a session that gives embeddings, and compares
//! phrases::PhraseSpotter    logits of sliding windows -> phrases that no training knew
//! phrases::Background       hours without them -> their thresholds
//! text::Transcriber         a session that says what is said, as text or as phones
//! turns::Diarizer           a session that says who speaks when
//! ```

pub mod phrases;
pub mod speaker;
pub mod text;
pub mod turns;
pub mod words;

mod envelope;
mod fingerprint;
mod high_pass;
mod power;

pub use fingerprint::fingerprint;
pub use high_pass::without_offset;
use wavlm_format::{Head, HeadKind, Header};

use crate::error::Error;
use crate::outputs::Outputs;

/// The head that does a task: the one of this kind whose name is `usual`, else the first of this kind.
fn find_head<'a>(header: &'a Header, usual: &str, is_kind: fn(&HeadKind) -> bool) -> Option<&'a Head> {
    let mut fitting = header.heads.iter().filter(|head| is_kind(&head.kind));
    let first = fitting.clone().next();
    fitting.find(|head| head.name == usual).or(first)
}

/// The head that tells tokens, frame by frame: the CTC head named `phones`, or the first one.
fn find_ctc_head(header: &Header) -> Option<&Head> {
    find_head(header, "phones", |kind| matches!(kind, HeadKind::Ctc { .. }))
}

/// That there is none, where one is needed.
fn no_ctc_head() -> Error {
    Error::NoHead { name: "phones".to_owned(), known: "none of CTC".to_owned() }
}

/// A head's output as a flat vector. See [`Outputs`] for names.
fn output_of(outputs: &Outputs, head: &str, tensor: &str) -> Result<Vec<f32>, Error> {
    let found = outputs.get(tensor).or_else(|| outputs.get(&format!("{head}.{tensor}")));
    let values = found.map(|values| values.iter().copied().collect());
    values.ok_or_else(|| Error::NoHead { name: head.to_owned(), known: "none with that output".to_owned() })
}
