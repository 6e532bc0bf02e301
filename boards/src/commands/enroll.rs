//! `wavlm enroll`: recordings of one person become a voiceprint, or a reason why not.

use serde::Serialize;
use wavlm_runtime::tasks::speaker::{ENROL_SPEECH_S, EnrolError, Voiceprint};

use super::voices::Voices;
use super::{Printer, Verdict};
use crate::cli::Enroll;
use crate::failure::Failure;
use crate::setup::Setup;

#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    file: String,
    recordings: u32,
    speech_s: f32,
    snr_db: f32,
    agreement: f32,
    replaced: bool,
}

pub fn run(setup: &Setup, options: &Enroll, printer: &Printer) -> Result<Verdict, Failure> {
    let mut voices = Voices::new(setup, &options.voices)?;
    voices.store.check_name(&options.name)?;
    let recordings: Result<Vec<_>, _> =
        options.files.iter().map(|file| voices.hear(file, &options.sound, ENROL_SPEECH_S)).collect();
    let threshold = voices.enrolment_threshold;
    let print = Voiceprint::enrol(&options.name, voices.verifier.model(), &recordings?, threshold)
        .map_err(|error| Failure::Enrol { place: place(&error, options), error })?;
    let (file, replaced) = voices.store.save(&print)?;
    let quality = print.quality;
    let record = Record {
        name: &print.name,
        file: file.display().to_string(),
        recordings: print.recordings,
        speech_s: quality.speech_s,
        snr_db: quality.snr_db,
        agreement: quality.agreement,
        replaced,
    };
    printer.print(&record, || {
        let done = if replaced { "enrolled anew" } else { "enrolled" };
        let plural = if print.recordings == 1 { "" } else { "s" };
        let (count, speech, snr) = (print.recordings, quality.speech_s, quality.snr_db);
        format!(
            "{}: {done} from {count} recording{plural}, {speech:.1} s of speech, {snr:.0} dB above the noise",
            print.name
        )
    })?;
    Ok(Verdict::Yes)
}

/// What an enrolment's error is about: two files, or the person.
fn place(error: &EnrolError, options: &Enroll) -> String {
    let file =
        |index: usize| options.files.get(index).map_or(String::new(), |file| file.display().to_string());
    match *error {
        EnrolError::Disagree { first, second, .. } => format!("{} and {}", file(first), file(second)),
        _ => options.name.clone(),
    }
}
