//! `wavlm words add` and `wavlm words learn`: phrases go into the file.

use serde::Serialize;
use wavlm_format::Decision;
use wavlm_phrasebook::{ShownError, shown as learnt};
use wavlm_runtime::tasks::phrases::PhoneModel;
use wavlm_runtime::tasks::words::{UNTUNED, WordModel};

use super::desk::{Added, Desk};
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
    let added = desk.put(&typed.phrase, &ways, typed.false_alarms, &options.only)?;
    tell(&desk, &typed.phrase, &spoken.texts(), typed.false_alarms, &added, printer)
}

pub fn shown(setup: &Setup, options: &Learn, printer: &Printer) -> Result<Verdict, Failure> {
    let desk = Desk::new(setup, &options.book)?;
    let mut phones = phone_model(setup)?;
    let mut recordings = Vec::new();
    for file in &options.files {
        let samples = input::read(file, &options.sound.options())?;
        recordings.push(phones.logits(&samples).map_err(Failure::model(file.display()))?);
    }
    let ways = learnt(&recordings, &desk.alphabet, &desk.background).map_err(|error| match error {
        ShownError::Silent(number) | ShownError::Another(number) => {
            Failure::Shown { file: options.files.get(number).cloned().unwrap_or_default(), error }
        }
        ShownError::Background => Failure::LittleBackground { hours: desk.background.hours() },
    })?;
    let added = desk.put(&options.phrase, &ways, options.false_alarms, &options.only)?;
    let text =
        |way: &Vec<usize>| way.iter().map(|&token| desk.alphabet.token(token)).collect::<Vec<_>>().join(" ");
    let texts: Vec<String> = ways.iter().map(text).collect();
    // How well typed phrases are heard says nothing of what was learnt from a voice itself.
    let added = Added { heard: None, ..added };
    tell(&desk, &options.phrase, &texts, options.false_alarms, &added, printer)
}

/// A session that hears recordings as listening would.
pub(super) fn phone_model(setup: &Setup) -> Result<PhoneModel, Failure> {
    let decision: Decision = WordModel::head(&setup.model).and_then(|head| head.decision).unwrap_or(UNTUNED);
    PhoneModel::new(&setup.model, &decision, &setup.options).map_err(Failure::model(&setup.model_name))
}

fn tell(
    desk: &Desk,
    phrase: &str,
    phones: &[String],
    rate: Rate,
    added: &Added,
    printer: &Printer,
) -> Result<Verdict, Failure> {
    let &Added { threshold, heard, replaced } = added;
    let file = desk.file.display().to_string();
    let record = Record { phrase, phones, threshold, false_alarms_per_hour: rate.0, heard, file };
    printer.print(&record, || {
        let done = if replaced { "is listened for anew" } else { "is listened for" };
        let heard = heard.map(|heard| format!("; {:.0} % of its sayings are heard", 100.0 * heard)).unwrap_or_default();
        format!(
            "{phrase} {done}: threshold {threshold:.3} for {} false alarms an hour{heard}\nTry it: wavlm listen --words {}",
            rate.0, record.file
        )
    })?;
    if let Some(doubt) = doubt(heard, rate.0) {
        warn(phrase, doubt);
    }
    Ok(Verdict::Yes)
}
