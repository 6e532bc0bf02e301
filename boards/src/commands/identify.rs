//! `wavlm identify`: whose voice is this, of those that are enrolled?

use wavlm_runtime::tasks::speaker::{Comparison, Embedding, VERIFY_SPEECH_S};

use super::voices::Voices;
use super::{Printer, Verdict, warn};
use crate::cli::Identify;
use crate::failure::Failure;
use crate::setup::Setup;

pub fn run(setup: &Setup, options: &Identify, printer: &Printer) -> Result<Verdict, Failure> {
    let mut voices = Voices::new(setup, &options.voices, false)?;
    let (_, voice) = voices.hear(&options.file, &options.sound, VERIFY_SPEECH_S)?;
    let Some((name, comparison)) = nearest(&voices, &voice)? else {
        return Err(Failure::NobodyEnrolled { store: voices.store.folder().to_owned() });
    };
    let refusal = format!("nobody known, nearest is {name}");
    Voices::judge(&options.file, &name, &comparison, &refusal, printer)
}

/// The best match. Voiceprints that cannot be used are reported and passed over: that accepts fewer, never more.
fn nearest(voices: &Voices, voice: &Embedding) -> Result<Option<(String, Comparison)>, Failure> {
    let mut best: Option<(String, Comparison)> = None;
    for name in voices.store.names()? {
        let print = match voices.store.load(&name) {
            Ok(print) if print.model == voices.verifier.model() => print,
            Ok(_) => {
                warn(name, "enrolled with another model; enrol again");
                continue;
            }
            Err(failure) => {
                eprintln!("wavlm: {failure}");
                continue;
            }
        };
        let comparison = print.compare(voice, None, &voices.thresholds);
        if best.as_ref().is_none_or(|(_, nearest)| comparison.score > nearest.score) {
            best = Some((name, comparison));
        }
    }
    Ok(best)
}
