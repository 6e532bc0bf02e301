//! What enrolling, verifying and identifying share: a recording becomes a voice, if it is fit for that.

use std::path::Path;

use serde::Serialize;
use wavlm_runtime::tasks::speaker::{Embedding, Sound, SpeakerVerifier, UNTUNED_THRESHOLD};

use super::{Printer, Verdict, warn};
use crate::cli;
use crate::failure::Failure;
use crate::input;
use crate::setup::Setup;
use crate::store::Store;

/// A model that tells voices apart, those that are known, and the scores from which two are the same.
pub struct Voices {
    pub verifier: SpeakerVerifier,
    pub store: Store,
    /// Of a recording and a known voice.
    pub threshold: f32,
    /// Of two recordings that are said to be of one person.
    pub enrolment_threshold: f32,
}

/// A comparison, as `verify` and `identify` print it.
#[derive(Serialize)]
struct Comparison<'a> {
    file: &'a str,
    name: &'a str,
    score: f32,
    threshold: f32,
    accepted: bool,
}

impl Voices {
    pub fn new(setup: &Setup, options: &cli::Voices) -> Result<Self, Failure> {
        if let Some(threshold) = options.threshold.filter(|threshold| !(-1.0..=1.0).contains(threshold)) {
            return Err(Failure::Threshold(threshold));
        }
        let store = Store::new(options.store.as_deref())?;
        let verifier =
            SpeakerVerifier::new(&setup.model, &setup.options).map_err(Failure::model(&setup.model_name))?;
        let threshold = options.threshold.or(verifier.threshold()).unwrap_or_else(|| {
            let advice = "give a --threshold measured on your recordings";
            warn(
                &setup.model_name,
                format_args!("carries no threshold; using {UNTUNED_THRESHOLD}, {advice}"),
            );
            UNTUNED_THRESHOLD
        });
        let own = options.threshold.or(verifier.enrolment_threshold());
        Ok(Voices { verifier, store, threshold, enrolment_threshold: own.unwrap_or(threshold) })
    }

    /// Reads a recording with at least `needed_s` seconds of speech.
    pub fn hear(
        &mut self,
        file: &Path,
        options: &cli::Sound,
        needed_s: f32,
    ) -> Result<(Sound, Embedding), Failure> {
        let samples = input::read(file, &options.options())?;
        let sound = Sound::measure(&samples);
        match sound.check(needed_s) {
            Ok(None) => {}
            Ok(Some(flaw)) => warn(file.display(), flaw),
            Err(flaw) => return Err(Failure::Unfit { file: file.to_owned(), flaw }),
        }
        let voice = self.verifier.embed(&samples).map_err(Failure::model(file.display()))?;
        Ok((sound, voice.ok_or_else(|| Failure::NoVoice { file: file.to_owned() })?))
    }

    /// Prints whether a recording is accepted as `name`'s voice; `refusal` is what people read if not.
    pub fn judge(
        &self,
        file: &Path,
        name: &str,
        score: f32,
        refusal: &str,
        printer: &Printer,
    ) -> Result<Verdict, Failure> {
        let (file, threshold) = (file.display().to_string(), self.threshold);
        let accepted = score >= threshold;
        printer.print(&Comparison { file: &file, name, score, threshold, accepted }, || {
            let verdict = if accepted { name } else { refusal };
            format!("{file}: {verdict}  (score {score:.2}, needed {threshold:.2})")
        })?;
        Ok(Verdict::from(accepted))
    }
}
