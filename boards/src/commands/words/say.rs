//! `wavlm words say`: what a phrase sounds like, and what to expect of it.

use serde::Serialize;
use wavlm_lexicon::Phone;
use wavlm_phrasebook::{Prospect, Rival, Spoken, rivals};

use super::desk::Desk;
use crate::cli::Say;
use crate::commands::{Printer, Verdict};
use crate::failure::Failure;
use crate::setup::Setup;

/// False alarms an hour for which it is told what is heard.
const RATES: [f64; 3] = [0.1, 0.5, 1.0];
/// Words that are told which the phrase may be confused with.
const RIVALS: usize = 5;

#[derive(Serialize)]
struct Record<'a> {
    phrase: &'a str,
    phones: Vec<String>,
    guessed: &'a [String],
    points: Vec<Point>,
    taken_for_it: Vec<Taken>,
    warning: Option<String>,
}

/// What an allowance of false alarms leads to.
#[derive(Serialize)]
struct Point {
    false_alarms_per_hour: f64,
    threshold: f32,
    heard: Option<f64>,
}

#[derive(Serialize)]
struct Taken {
    text: String,
    score: f32,
}

pub fn run(setup: &Setup, options: &Say, printer: &Printer) -> Result<Verdict, Failure> {
    let typed = &options.typed;
    let desk = Desk::new(setup, &typed.book)?;
    let (spoken, ways) = desk.spoken(typed)?;
    let prospect = desk.prospect(&ways)?;
    let threshold = prospect.threshold(typed.false_alarms.0);
    let found = rivals(&words_of(typed.phrase.as_str(), &spoken), &desk.alphabet, &desk.background, RIVALS);
    let taken = found.map_err(Failure::Spelling)?.into_iter().filter(|rival| rival.score >= threshold);
    let record = Record {
        phrase: &typed.phrase,
        phones: spoken.texts(),
        guessed: &spoken.guessed,
        points: RATES.map(|rate| point(&prospect, rate)).into(),
        taken_for_it: taken.map(|Rival { text, score }| Taken { text, score }).collect(),
        warning: doubt(prospect.heard(threshold), typed.false_alarms.0),
    };
    printer.print(&record, || shown(&record))?;
    Ok(Verdict::Yes)
}

fn point(prospect: &Prospect, rate: f64) -> Point {
    let threshold = prospect.threshold(rate);
    Point { false_alarms_per_hour: rate, threshold, heard: prospect.heard(threshold) }
}

/// The words of a phrase, each with its usual phones; all phones as one word where they were typed.
fn words_of(phrase: &str, spoken: &Spoken) -> Vec<(String, Vec<Phone>)> {
    let word = |word: &str| Some((word.to_owned(), Spoken::of_text(word).ok()?.ways.into_iter().next()?));
    let words: Vec<(String, Vec<Phone>)> =
        phrase.to_lowercase().split_whitespace().filter_map(word).collect();
    let usual = spoken.ways.first().cloned().unwrap_or_default();
    let is_whole = words.iter().flat_map(|(_, phones)| phones).eq(&usual);
    if is_whole { words } else { vec![(phrase.to_owned(), usual)] }
}

/// What to say of a phrase that will hardly work.
pub(super) fn doubt(heard: Option<f64>, rate: f64) -> Option<String> {
    let heard = heard.filter(|&heard| heard < 0.5)?;
    Some(format!(
        "it will hardly work: at {rate} false alarms an hour {:.0} % are heard; it is too short, or too common: take more \
         words, or rarer ones",
        100.0 * heard
    ))
}

fn shown(record: &Record<'_>) -> String {
    let mut lines: Vec<String> =
        record.phones.iter().map(|way| format!("{}: {way}", record.phrase)).collect();
    if !record.guessed.is_empty() {
        lines.push(format!("  guessed from its letters: {}", record.guessed.join(", ")));
    }
    for Point { false_alarms_per_hour, threshold, heard } in &record.points {
        let heard = heard.map(|heard| format!(", {:.0} % heard", 100.0 * heard)).unwrap_or_default();
        lines
            .push(format!("  {false_alarms_per_hour} false alarms an hour: threshold {threshold:.3}{heard}"));
    }
    for Taken { text, score } in &record.taken_for_it {
        lines.push(format!("  likely to be taken for it: {text} ({score:.3})"));
    }
    lines.extend(record.warning.iter().map(|warning| format!("  {warning}")));
    lines.join("\n")
}
