//! `wavlm words list` and `wavlm words remove`.

use serde::Serialize;
use wavlm_phrasebook::{Book, Entry, remove as without};
use wavlm_settings::Settings;

use super::desk::{file_of, text_of, write, wrong};
use crate::cli::{self, Remove};
use crate::commands::{Printer, Verdict};
use crate::failure::Failure;

#[derive(Serialize)]
struct Record<'a> {
    phrase: &'a str,
    phones: &'a [String],
    threshold: f32,
    false_alarms_per_hour: Option<f64>,
    only: &'a [String],
}

pub fn list(options: &cli::Book, printer: &Printer) -> Result<Verdict, Failure> {
    let book = Book::read(&file_of(options)?)?;
    for Entry { text, phones, threshold, false_alarms_per_hour, only } in &book.phrases {
        let record = Record {
            phrase: text,
            phones,
            threshold: *threshold,
            false_alarms_per_hour: *false_alarms_per_hour,
            only,
        };
        printer.print(&record, || {
            let rate = false_alarms_per_hour
                .map(|rate| format!(", {rate} false alarms an hour"))
                .unwrap_or_default();
            let only = if only.is_empty() { String::new() } else { format!(", only {}", only.join(", ")) };
            format!("{text}: threshold {threshold:.3}{rate}{only}")
        })?;
    }
    Ok(Verdict::from(!book.phrases.is_empty()))
}

pub fn remove(options: &Remove, printer: &Printer) -> Result<Verdict, Failure> {
    let file = file_of(&options.book)?;
    let (text, _) = text_of(&file)?;
    let (text, was_there) = without(&text, &options.phrase).map_err(wrong(&file))?;
    if was_there {
        write(&file, text.as_bytes())?;
    }
    printer.tell(|| match was_there {
        true => format!("{} is listened for no longer", options.phrase),
        false => format!("{}: has no phrase {:?}", file.display(), options.phrase),
    })?;
    Ok(Verdict::from(was_there))
}
