//! `wavlm identify`: whose voice is this, of those that are enrolled?

use wavlm_runtime::tasks::speaker::{Embedding, VERIFY_SPEECH_S};

use super::voices::Voices;
use super::{Printer, Verdict, warn};
use crate::cli::Identify;
use crate::failure::Failure;
use crate::setup::Setup;

pub fn run(setup: &Setup, options: &Identify, printer: &Printer) -> Result<Verdict, Failure> {
    let mut voices = Voices::new(setup, &options.voices)?;
    let (_, voice) = voices.hear(&options.file, &options.sound, VERIFY_SPEECH_S)?;
    let Some((name, score)) = nearest(&voices, &voice)? else {
        return Err(Failure::NobodyEnrolled { store: voices.store.folder().to_owned() });
    };
    voices.judge(&options.file, &name, score, &format!("nobody known, nearest is {name}"), printer)
}

/// The best match. Voiceprints that cannot be used are reported and passed over: that accepts fewer, never more.
fn nearest(voices: &Voices, voice: &Embedding) -> Result<Option<(String, f32)>, Failure> {
    let mut best: Option<(String, f32)> = None;
    for name in voices.store.names()? {
        let print = match voices.store.load(&name) {
            Ok(print) => print,
            Err(failure) => {
                eprintln!("wavlm: {failure}");
                continue;
            }
        };
        match voices.verifier.score(voice, &print) {
            None => warn(name, "enrolled with another model; enrol again"),
            Some(score) if best.as_ref().is_none_or(|&(_, highest)| score > highest) => {
                best = Some((name, score))
            }
            Some(_) => {}
        }
    }
    Ok(best)
}
