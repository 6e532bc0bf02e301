//! What enrolling, verifying and identifying share: a recording becomes a voice, if it is fit for that.

use std::path::Path;

use serde::Serialize;
use wavlm_runtime::tasks::speaker::{
    Comparison, Embedding, PHRASE_SPEECH_S, Sound, SpeakerVerifier, Thresholds, UNTUNED_THRESHOLD,
};
use wavlm_runtime::tasks::words::{Beside, Hearer, WordModel};

use super::{Printer, Verdict, warn};
use crate::cli;
use crate::failure::Failure;
use crate::input;
use crate::setup::Setup;
use crate::store::Store;

/// A model that tells voices apart, those that are known, and the scores from which two are the same.
pub struct Voices {
    pub verifier: SpeakerVerifier,
    /// Where recordings hold one word or phrase each: what hears them when they are listened for.
    words: Option<WordModel>,
    pub store: Store,
    /// Of a recording and a known voice.
    pub thresholds: Thresholds,
    /// Of a recording and the others that are said to be of one person.
    pub enrolment_threshold: f32,
}

/// A comparison, as `verify` and `identify` print it.
#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    name: &'a str,
    score: f32,
    threshold: f32,
    accepted: bool,
}

impl Voices {
    /// `said`: recordings hold one word or phrase each.
    pub fn new(setup: &Setup, options: &cli::Voices, said: bool) -> Result<Self, Failure> {
        if let Some(threshold) = options.threshold.filter(|threshold| !(-1.0..=1.0).contains(threshold)) {
            return Err(Failure::Threshold(threshold));
        }
        let store = Store::new(options.store.as_deref())?;
        let verifier =
            SpeakerVerifier::new(&setup.model, &setup.options).map_err(Failure::model(&setup.model_name))?;
        let beside = Beside { voices: true, phones: false };
        let words = said.then(|| WordModel::with(&setup.model, &setup.options, beside));
        let words = words.transpose().map_err(Failure::model(&setup.model_name))?;
        if options.threshold.or(verifier.threshold()).is_none() {
            let advice = "give a --threshold measured on your recordings";
            warn(
                &setup.model_name,
                format_args!("carries no threshold; using {UNTUNED_THRESHOLD}, {advice}"),
            );
        }
        let thresholds = options.threshold.map_or_else(|| verifier.thresholds(), Thresholds::both);
        let own = options.threshold.or(verifier.enrolment_threshold());
        let enrolment_threshold = own.unwrap_or(thresholds.voice);
        Ok(Voices { verifier, words, store, thresholds, enrolment_threshold })
    }

    /// Reads a recording with at least `needed_s` seconds of speech; fewer are enough of a word or phrase.
    pub fn hear(
        &mut self,
        file: &Path,
        options: &cli::Sound,
        needed_s: f32,
    ) -> Result<(Sound, Embedding), Failure> {
        let samples = input::read(file, &options.options())?;
        let sound = Sound::measure(&samples);
        let needed_s = if self.words.is_some() { PHRASE_SPEECH_S } else { needed_s };
        match sound.check(needed_s) {
            Ok(None) => {}
            Ok(Some(flaw)) => warn(file.display(), flaw),
            Err(flaw) => return Err(Failure::Unfit { file: file.to_owned(), flaw }),
        }
        let voice = match &mut self.words {
            Some(words) => {
                let hearer = Hearer::new(words.spotter(&words.decision())?);
                hearer.voice_in(&samples, &mut &mut *words)
            }
            None => self.verifier.embed(&samples),
        };
        let voice = voice.map_err(Failure::model(file.display()))?;
        Ok((sound, voice.ok_or_else(|| Failure::NoVoice { file: file.to_owned() })?))
    }

    /// Prints whether a recording is accepted as `name`'s voice; `refusal` is what people read if not.
    pub fn judge(
        file: &Path,
        name: &str,
        comparison: &Comparison,
        refusal: &str,
        printer: &Printer,
    ) -> Result<Verdict, Failure> {
        let file = file.display().to_string();
        let (&Comparison { score, needed: threshold }, accepted) = (comparison, comparison.is_accepted());
        printer.print(&Record { file: &file, name, score, threshold, accepted }, || {
            let verdict = if accepted { name } else { refusal };
            format!("{file}: {verdict}  (score {score:.2}, needed {threshold:.2})")
        })?;
        Ok(Verdict::from(accepted))
    }
}
