//! `wavlm words add` and `wavlm words learn`: phrases go into the file.

use serde::Serialize;
use wavlm_phrasebook::{Entry, ShownError, Spoken, shown as learnt};
use wavlm_runtime::tasks::phrases::PhoneModel;

use super::desk::{Desk, Put};
use super::say::doubt;
use crate::cli::{Add, Learn, Rate};
use crate::commands::{Printer, Verdict, warn};
use crate::failure::Failure;
use crate::input;
use crate::setup::Setup;

#[derive(Serialize)]
struct Record<'a> {
    phrase: &'a str,
    phones: &'a [String],
    threshold: f32,
    false_alarms_per_hour: f64,
    heard: Option<f64>,
    file: String,
}

pub fn typed(setup: &Setup, options: &Add, printer: &Printer) -> Result<Verdict, Failure> {
    let typed = &options.typed;
    let desk = Desk::new(setup, &typed.book)?;
    let (spoken, ways) = desk.spoken(typed)?;
    if !spoken.guessed.is_empty() {
        let advice = "if that is not how it is said, give --phones";
        warn(&typed.phrase, format_args!("guessed from letters: {}; {advice}", spoken.guessed.join(", ")));
    }
    let (entry, heard) = desk.entry(&typed.phrase, &ways, typed.false_alarms, &options.only)?;
    put(&desk, entry, heard, typed.false_alarms, printer)
}

pub fn shown(setup: &Setup, options: &Learn, printer: &Printer) -> Result<Verdict, Failure> {
    let desk = Desk::new(setup, &options.book)?;
    let planned = PhoneModel::new(&setup.model, &setup.options);
    let mut phones = planned.map_err(Failure::model(&setup.model_name))?;
    let mut recordings = Vec::new();
    for file in &options.files {
        let samples = input::read(file, &options.sound.options())?;
        recordings.push(phones.logits(&samples).map_err(Failure::model(file.display()))?);
    }
    // The name may be what is said, or not; the recordings tell.
    let named = Spoken::of_text(&options.phrase).ok().and_then(|spoken| spoken.spell(&desk.alphabet).ok());
    let named = named.unwrap_or_default();
    let ways =
        learnt(&recordings, &named, &desk.alphabet, &desk.background).map_err(|error| match error {
            ShownError::Silent(number) | ShownError::Another(number) => {
                Failure::Shown { file: options.files.get(number).cloned().unwrap_or_default(), error }
            }
            ShownError::Background => Failure::LittleBackground { hours: desk.background.hours() },
        })?;
    let (entry, _) = desk.entry(&options.phrase, &ways, options.false_alarms, &options.only)?;
    // How well typed phrases are heard says nothing of what was learnt from a voice itself.
    put(&desk, entry, None, options.false_alarms, printer)
}

/// Puts an entry into the file and says so. `heard` is the share of its sayings that will be, if that is known.
fn put(
    desk: &Desk,
    entry: Entry,
    heard: Option<f64>,
    Rate(rate): Rate,
    printer: &Printer,
) -> Result<Verdict, Failure> {
    let Put { replaced, anew } = desk.put(std::slice::from_ref(&entry))?;
    if !anew.is_empty() {
        let done = "thresholds of another model, chosen anew for this one";
        warn(desk.file.display(), format_args!("{done}: {}", anew.join(", ")));
    }
    let Entry { text: phrase, phones, threshold, .. } = entry;
    let file = desk.file.display().to_string();
    let record =
        Record { phrase: &phrase, phones: &phones, threshold, false_alarms_per_hour: rate, heard, file };
    printer.print(&record, || {
        let done = if replaced { "is listened for anew" } else { "is listened for" };
        let heard = heard.map(|heard| format!("; {:.0} % of its sayings are heard", 100.0 * heard)).unwrap_or_default();
        format!(
            "{phrase} {done}: threshold {threshold:.3} for {rate} false alarms an hour{heard}\nTry it: wavlm listen --words {}",
            record.file
        )
    })?;
    if let Some(doubt) = doubt(heard, rate) {
        warn(&phrase, doubt);
    }
    Ok(Verdict::Yes)
}
