//! `wavlm transcribe`: what is said, by the model's CTC head.

use std::path::Path;

use serde::Serialize;
use wavlm_runtime::tasks::text::{Decoding, Transcriber};

use super::{Printer, Verdict};
use crate::cli::Transcribe;
use crate::failure::Failure;
use crate::input;
use crate::setup::Setup;

#[derive(Serialize)]
struct Record<'a> {
    file: &'a Path,
    text: String,
    words: Vec<Word<'a>>,
}

#[derive(Serialize)]
struct Word<'a> {
    word: &'a str,
    start_s: f64,
    end_s: f64,
    confidence: f32,
}

pub fn run(setup: &Setup, options: &Transcribe, printer: &Printer) -> Result<Verdict, Failure> {
    let planned = Transcriber::new(&setup.model, &setup.options);
    let decoding = options.beam.map_or(Decoding::Greedy, |width| Decoding::Beam(width.into()));
    let mut transcriber = planned.map_err(Failure::model(&setup.model_name))?.decoding(decoding);
    let mut said = false;
    for file in &options.files {
        let samples = input::read(file, &options.sound.options())?;
        let transcript = transcriber.transcribe(&samples).map_err(Failure::model(file.display()))?;
        said |= !transcript.words.is_empty();
        let words = transcript.words.iter().map(|word| Word {
            word: &word.text,
            start_s: word.start_s,
            end_s: word.end_s,
            confidence: word.confidence,
        });
        let record = Record { file, text: transcript.text(), words: words.collect() };
        printer.print(&record, || match &options.files[..] {
            [_] => record.text.clone(),
            _ => format!("{}: {}", file.display(), record.text),
        })?;
    }
    Ok(Verdict::from(said))
}
