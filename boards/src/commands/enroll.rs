//! `wavlm enroll`: recordings of one person become a voiceprint, or a reason why not.

use serde::Serialize;
use wavlm_runtime::tasks::speaker::{ENROL_SPEECH_S, EnrolError, VERIFY_SPEECH_S, Voice, Voiceprint};

use super::voices::Voices;
use super::{Printer, Verdict};
use crate::cli::Enroll;
use crate::failure::Failure;
use crate::setup::Setup;

#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    phrase: Option<&'a str>,
    file: String,
    recordings: u32,
    speech_s: f32,
    snr_db: f32,
    agreement: f32,
    replaced: bool,
}

pub fn run(setup: &Setup, options: &Enroll, printer: &Printer) -> Result<Verdict, Failure> {
    let mut voices = Voices::new(setup, &options.voices, options.phrase.is_some())?;
    voices.store.check_name(&options.name)?;
    let needed_s = if options.files.len() > 1 { VERIFY_SPEECH_S } else { ENROL_SPEECH_S };
    let recordings: Result<Vec<_>, _> =
        options.files.iter().map(|file| voices.hear(file, &options.sound, needed_s)).collect();
    let voice = Voice::enrol(&recordings?, voices.enrolment_threshold)
        .map_err(|error| Failure::Enrol { place: place(&error, options), error })?;
    let record = |file: String, replaced| Record {
        name: &options.name,
        phrase: options.phrase.as_deref(),
        file,
        recordings: voice.recordings,
        speech_s: voice.quality.speech_s,
        snr_db: voice.quality.snr_db,
        agreement: voice.quality.agreement,
        replaced,
    };
    let (print, replaced) = voiceprint(&voices, options, &voice)?;
    let file = voices.store.save(&print)?;
    printer.print(&record(file.display().to_string(), replaced), || told(options, &voice, replaced))?;
    Ok(Verdict::Yes)
}

/// The person's voiceprint with this voice in it, and whether that takes the place of an earlier one.
fn voiceprint(voices: &Voices, options: &Enroll, voice: &Voice) -> Result<(Voiceprint, bool), Failure> {
    let (name, model, voice) = (options.name.clone(), voices.verifier.model(), voice.clone());
    let known = voices.store.load(&name);
    let was_there = !matches!(known, Err(Failure::NotEnrolled { .. }));
    let Some(phrase) = &options.phrase else {
        // Who enrols anew is rid of a damaged voiceprint, or another model's, and of all that it holds.
        let phrases = known.ok().filter(|print| print.model == model).map(|print| print.phrases);
        return Ok((Voiceprint { name, model, voice, phrases: phrases.unwrap_or_default() }, was_there));
    };
    let mut print = match known {
        Ok(print) if print.model != model => return Err(Failure::OtherModel { name }),
        Err(Failure::NotEnrolled { .. }) => {
            Voiceprint { name, model, voice: voice.clone(), phrases: Vec::new() }
        }
        known => known?,
    };
    let replaced = print.add(phrase, voice);
    Ok((print, replaced))
}

/// What people read.
fn told(options: &Enroll, voice: &Voice, replaced: bool) -> String {
    let done = if replaced { "enrolled anew" } else { "enrolled" };
    let plural = if voice.recordings == 1 { "" } else { "s" };
    let of = options.phrase.as_ref().map(|phrase| format!(" of {phrase:?}")).unwrap_or_default();
    let (name, count, quality) = (&options.name, voice.recordings, voice.quality);
    let (speech, snr) = (quality.speech_s, quality.snr_db);
    format!(
        "{name}: {done} from {count} recording{plural}{of}, {speech:.1} s of speech, {snr:.0} dB above the noise"
    )
}

/// What an enrolment's error is about: the odd recording and the others, or the person.
fn place(error: &EnrolError, options: &Enroll) -> String {
    match (error, &options.files[..]) {
        (EnrolError::Disagree { .. }, [one, other]) => format!("{} and {}", one.display(), other.display()),
        (&EnrolError::Disagree { odd, .. }, files) => {
            let file = files.get(odd).map(|file| file.display().to_string());
            format!("{} and the others", file.unwrap_or_default())
        }
        _ => options.name.clone(),
    }
}
