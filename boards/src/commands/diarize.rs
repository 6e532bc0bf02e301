//! `wavlm diarize`: who speaks when, by the model's frame head, as RTTM (NIST's Rich Transcription Time Marked).

use std::path::Path;

use serde::Serialize;
use wavlm_runtime::tasks::turns::{Diarizer, TurnOptions};

use super::{Printer, Verdict};
use crate::cli::Diarize;
use crate::failure::Failure;
use crate::input;
use crate::setup::Setup;

#[derive(Serialize)]
struct Record<'a> {
    file: &'a Path,
    label: &'a str,
    start_s: f64,
    end_s: f64,
    confidence: f32,
}

pub fn run(setup: &Setup, options: &Diarize, printer: &Printer) -> Result<Verdict, Failure> {
    let planned = Diarizer::new(&setup.model, &setup.options);
    let mut diarizer = planned.map_err(Failure::model(&setup.model_name))?;
    let frame_s = diarizer.frame_s();
    let wanted = TurnOptions {
        threshold: options.threshold,
        median_frames: options.median,
        shortest_frames: (options.shortest / frame_s).ceil() as usize,
    };
    let mut found = false;
    for file in &options.files {
        let samples = input::read(file, &options.sound.options())?;
        let turns = diarizer.turns(&samples, &wanted).map_err(Failure::model(file.display()))?;
        found |= !turns.is_empty();
        for turn in turns {
            let label = diarizer.labels()[turn.label].as_str();
            let (start_s, end_s) = (turn.first as f64 * frame_s, turn.end as f64 * frame_s);
            let record = Record { file, label, start_s, end_s, confidence: turn.confidence };
            printer.print(&record, || rttm(&record))?;
        }
    }
    Ok(Verdict::from(found))
}

/// A line of RTTM; its fields hold no spaces.
fn rttm(turn: &Record<'_>) -> String {
    let field = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("_");
    let recording = turn.file.file_stem().map(|stem| field(&stem.to_string_lossy())).unwrap_or_default();
    let (start, duration) = (turn.start_s, turn.end_s - turn.start_s);
    format!(
        "SPEAKER {recording} 1 {start:.3} {duration:.3} <NA> <NA> {} {:.3} <NA>",
        field(turn.label),
        turn.confidence
    )
}
