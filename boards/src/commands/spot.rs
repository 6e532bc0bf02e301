//! `wavlm spot`: keywords in files or in a stream, printed as they are heard.

use std::path::Path;

use serde::Serialize;
use wavlm_runtime::tasks::words::{Detection, Heard, ListeningError, WordModel};

use super::{Printer, Verdict};
use crate::cli::Spot;
use crate::failure::Failure;
use crate::input;
use crate::listen::config::{Config, Sound};
use crate::listen::ears::{Attention, Ears};
use crate::progress::Progress;
use crate::setup::Setup;

#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    keyword: &'a str,
    score: f32,
    start_s: f64,
    end_s: f64,
}

pub fn run(setup: &Setup, options: &Spot, printer: &Printer) -> Result<Verdict, Failure> {
    // Every window is scored: a file is read once, and what it costs is no matter of months.
    let sound = Sound { gate: false, ..Sound::default() };
    let mut config = Config { sound, ..Config::default() };
    config.words.change(&options.hearing);
    // Nobody waits in front of a file: the best of the words over the same sound is told.
    config.words.at_once.get_or_insert(false);
    let Ears { mut model, attention } = Ears::new(setup, &config, None)?;
    let (mut found, mut failed) = (0, 0);
    for file in &options.files {
        match spot(&mut model, &attention, file, options, printer) {
            Ok(count) => found += count,
            // One file that cannot be read does not spoil the others.
            Err(failure @ (Failure::Sound { .. } | Failure::Model { .. })) if options.files.len() > 1 => {
                eprintln!("wavlm: {failure}");
                failed += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
    if failed > 0 {
        return Err(Failure::Some { failed, all: options.files.len() });
    }
    Ok(Verdict::from(found > 0))
}

/// Prints the keywords of one file, and returns how many there were.
fn spot(
    model: &mut WordModel,
    attention: &Attention,
    file: &Path,
    options: &Spot,
    printer: &Printer,
) -> Result<usize, Failure> {
    let sound = input::open(file, &options.sound.options())?;
    let name = file.display().to_string();
    let progress = Progress::new(sound.promised_seconds());
    let mut ear = attention.listen(sound, model)?;
    let mut count = 0;
    let failed = |error| match error {
        ListeningError::Sound(error) => Failure::sound(file)(error),
        ListeningError::Model(error) => Failure::model(&name)(error),
    };
    while let Some(Heard { samples, detections, warnings }) = ear.listening.next_piece().map_err(failed)? {
        let detections: Vec<Detection> =
            detections.into_iter().filter(|word| attention.admit(&mut ear, word).is_some()).collect();
        count += detections.len();
        if !warnings.is_empty() {
            progress.suspend(|| input::warn(file, warnings));
        }
        if !detections.is_empty() {
            progress.suspend(|| detections.iter().try_for_each(|found| print_one(&name, found, printer)))?;
        }
        progress.advance(samples);
    }
    progress.finish();
    if count == 0 {
        printer.tell(|| format!("{name}: no keyword"))?;
    }
    Ok(count)
}

fn print_one(file: &str, detection: &Detection, printer: &Printer) -> Result<(), Failure> {
    let Detection { keyword, score, start_s, end_s } = detection;
    let record = Record { file, keyword, score: *score, start_s: *start_s, end_s: *end_s };
    printer.print(&record, || format!("{file}: {keyword}  {score:.3}  {start_s:.2}–{end_s:.2} s"))
}
