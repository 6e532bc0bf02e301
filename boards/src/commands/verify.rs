//! `wavlm verify`: is this the voice of a person that is enrolled?

use wavlm_runtime::tasks::speaker::VERIFY_SPEECH_S;

use super::voices::Voices;
use super::{Printer, Verdict};
use crate::cli::Verify;
use crate::failure::Failure;
use crate::setup::Setup;

pub fn run(setup: &Setup, options: &Verify, printer: &Printer) -> Result<Verdict, Failure> {
    let mut voices = Voices::new(setup, &options.voices, options.phrase.is_some())?;
    let print = voices.store.load(&options.name)?;
    if print.model != voices.verifier.model() {
        return Err(Failure::OtherModel { name: print.name });
    }
    if let Some(phrase) = options.phrase.as_ref().filter(|phrase| print.saying(phrase).is_none()) {
        return Err(Failure::NotEnrolledWith { name: print.name, phrase: phrase.clone() });
    }
    let (_, voice) = voices.hear(&options.file, &options.sound, VERIFY_SPEECH_S)?;
    let comparison = print.compare(&voice, options.phrase.as_deref(), &voices.thresholds);
    Voices::judge(&options.file, &print.name, &comparison, &format!("not {}", print.name), printer)
}
