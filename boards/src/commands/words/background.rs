//! `wavlm words background`: more sound without phrases; thresholds are chosen anew.

use serde::Serialize;
use wavlm_phrasebook::Book;
use wavlm_runtime::frontend::SAMPLE_RATE;
use wavlm_runtime::tasks::phrases::PhoneModel;

use super::desk::{Desk, text_of, write};
use crate::cli::{Rate, Room};
use crate::commands::{Printer, Verdict};
use crate::failure::Failure;
use crate::input;
use crate::progress::Progress;
use crate::setup::Setup;

/// Sound is taken in pieces of a minute, so that hours of it need no more memory.
const PIECE: usize = 60 * SAMPLE_RATE as usize;

#[derive(Serialize)]
struct Record {
    file: String,
    hours: f64,
    phrases: usize,
}

pub fn run(setup: &Setup, options: &Room, printer: &Printer) -> Result<Verdict, Failure> {
    let mut desk = Desk::new(setup, &options.book)?;
    let bank = desk.bank();
    let failed = |error| Failure::Background { file: bank.clone(), error };
    let (_, book) = text_of(&desk.file)?;
    let planned = PhoneModel::new(&setup.model, &setup.options);
    let mut phones = planned.map_err(Failure::model(&setup.model_name))?;
    for file in &options.files {
        let mut sound = input::open(file, &options.sound.options())?;
        let progress = Progress::new(sound.promised_seconds());
        let (mut samples, mut over) = (Vec::new(), false);
        while !over {
            match sound.next_piece().map_err(Failure::sound(file))? {
                Some(piece) => {
                    samples.extend_from_slice(piece);
                    progress.advance(piece.len());
                }
                None => over = true,
            }
            if samples.len() >= PIECE || over && !samples.is_empty() {
                let logits = phones.logits(&samples).map_err(Failure::model(file.display()))?;
                desk.background.add(&logits).map_err(&failed)?;
                samples.clear();
            }
        }
        progress.finish();
        input::warn(file, sound.take_warnings());
    }
    write(&bank, &desk.background.to_bytes().map_err(failed)?)?;
    let phrases = choose_anew(&desk, &book)?;
    let record = Record { file: bank.display().to_string(), hours: desk.background.hours(), phrases };
    printer.print(&record, || {
        let Record { file, hours, phrases } = &record;
        format!("{file}: {hours:.2} hours of background; thresholds chosen anew: {phrases}")
    })?;
    Ok(Verdict::Yes)
}

/// Chooses the thresholds of all phrases of a file anew that say what for; how many there are.
fn choose_anew(desk: &Desk, book: &Book) -> Result<usize, Failure> {
    let mut chosen = Vec::new();
    for (entry, phrase) in book.phrases.iter().zip(desk.phrases(book)?) {
        if let Some(rate) = entry.false_alarms_per_hour {
            chosen.push(desk.entry(&entry.text, &phrase.ways, Rate(rate), &entry.only)?.0);
        }
    }
    if !chosen.is_empty() {
        desk.put(&chosen)?;
    }
    Ok(chosen.len())
}
