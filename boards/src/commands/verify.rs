//! `wavlm verify`: is this the voice of a person that is enrolled?

use wavlm_runtime::tasks::speaker::VERIFY_SPEECH_S;

use super::voices::Voices;
use super::{Printer, Verdict};
use crate::cli::Verify;
use crate::failure::Failure;
use crate::setup::Setup;

pub fn run(setup: &Setup, options: &Verify, printer: &Printer) -> Result<Verdict, Failure> {
    let mut voices = Voices::new(setup, &options.voices)?;
    let print = voices.store.load(&options.name)?;
    let (_, voice) = voices.hear(&options.file, &options.sound, VERIFY_SPEECH_S)?;
    let score = voices.verifier.score(&voice, &print);
    let score = score.ok_or_else(|| Failure::OtherModel { name: print.name.clone() })?;
    voices.judge(&options.file, &print.name, score, &format!("not {}", print.name), printer)
}
