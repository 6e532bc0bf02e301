//! `wavlm-export eval`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use wavlm_export::evaluate::{self, FalseAlarms, Figures, GroupResult, Invariance, Manifest, Point, Spotted};
use wavlm_export::progress::Bars;
use wavlm_runtime::Model;

/// Judge a .wlm file by recordings whose answers are known.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file
    #[arg(value_name = "M.wlm")]
    file: PathBuf,
    /// CSV with the columns file,kind,label,group. Kinds: word, of which the label is the word; speech, without any keyword;
    /// speaker, who speaks; cohort, voices to normalise scores by; text, what is said; turns, the path of an RTTM file
    #[arg(long, value_name = "LIST.csv")]
    manifest: PathBuf,
    /// Another file of the same model: also report the decisions that differ
    #[arg(long, value_name = "OTHER.wlm")]
    against: Option<PathBuf>,
    /// Also report the decisions that polarity, an offset, silence around the sound and none, gain, other rates and MP3 change
    #[arg(long)]
    invariances: bool,
    /// Also count keywords at this threshold; may be given several times
    #[arg(long = "threshold", value_name = "X")]
    thresholds: Vec<f32>,
    /// Print one line of JSON for each head, kind and group, and for each invariance
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let manifest = Manifest::read(&arguments.manifest)?;
    let model = Model::open(&arguments.file)?;
    let against = arguments.against.as_deref().map(Model::open).transpose()?;
    let progress = Bars::default();
    let results = evaluate::evaluate(&model, against.as_ref(), &manifest, &arguments.thresholds, &progress)?;
    let invariances =
        if arguments.invariances { evaluate::invariances(&model, &manifest, &progress)? } else { Vec::new() };
    progress.finish();
    let mut out = io::stdout().lock();
    for result in &results {
        if arguments.json {
            serde_json::to_writer(&mut out, result)?;
            writeln!(out)?;
        } else {
            write_line(&mut out, result)?;
        }
    }
    if arguments.json {
        for line in &invariances {
            serde_json::to_writer(&mut out, line)?;
            writeln!(out)?;
        }
    } else {
        write_table(&mut out, &invariances)?;
    }
    Ok(())
}

fn write_table(out: &mut impl Write, lines: &[Invariance]) -> io::Result<()> {
    if !lines.is_empty() {
        writeln!(out, "\n{:<12} {:<18} {:>9} {:>8}", "head", "perturbation", "decisions", "changed")?;
    }
    for line in lines {
        let Invariance { head, perturbation, decisions, changed, percent, skipped, .. } = line;
        match skipped {
            Some(why) => writeln!(out, "{head:<12} {perturbation:<18} skipped: {why}")?,
            None => {
                writeln!(out, "{head:<12} {perturbation:<18} {decisions:>9} {changed:>8} {percent:>7.2} %")?
            }
        }
    }
    Ok(())
}

fn write_line(out: &mut impl Write, result: &GroupResult) -> io::Result<()> {
    let GroupResult { head, group, figures } = result;
    write!(out, "{head}, {group}: ")?;
    let changed = match figures {
        Figures::Word(word) => {
            write!(out, "{:.2} % of {} clips right, ", 100.0 * word.accuracy, word.clips)?;
            write!(out, "cross-entropy {:.3}", word.loss)?;
            for Spotted { point, keywords, heard, mistaken, changed } in &word.spotted {
                let Point { name, threshold } = point;
                write!(out, "; {name} ({threshold:.3}): {heard} of {keywords} heard, {mistaken} mistaken")?;
                if let Some(changed) = changed {
                    write!(out, ", {changed} differ")?;
                }
            }
            word.changed
        }
        Figures::Speech(speech) => {
            write!(out, "{:.1} minutes", 60.0 * speech.hours)?;
            for FalseAlarms { point, false_alarms, per_hour, interval: [low, high], .. } in &speech.points {
                let threshold = point.threshold;
                write!(out, "; {} ({threshold:.3}): {false_alarms} false alarms, ", point.name)?;
                write!(out, "{per_hour:.2} an hour ({low:.2} to {high:.2})")?;
            }
            None
        }
        Figures::Speaker(speaker) => {
            let (eer, at) = (100.0 * speaker.eer, speaker.eer_threshold);
            let [low, high] = speaker.eer_interval.map(|rate| 100.0 * rate);
            write!(out, "{} speakers, {} clips: ", speaker.speakers, speaker.clips)?;
            write!(out, "EER {eer:.2} % ({low:.2} to {high:.2}) at {at:.3}, ")?;
            write!(out, "minDCF {:.3}, {:.3} at a prior of 5 %; ", speaker.min_dcf, speaker.min_dcf_05)?;
            let [a, b, c] = speaker.fnmr_at_fmr.map(|rate| 100.0 * rate);
            write!(out, "FNMR {a:.2}, {b:.2}, {c:.2} % at FMR 1, 0.1, 0.01 %; Cllr {:.3}; ", speaker.cllr)?;
            if let Some(normalised) = &speaker.as_norm {
                let (eer, cohort) = (100.0 * normalised.eer, normalised.cohort);
                write!(out, "AS-norm by {cohort}: EER {eer:.2} %, minDCF {:.3}; ", normalised.min_dcf)?;
            }
            write!(out, "at threshold {:.3} ", speaker.at_stored.threshold)?;
            let [fmr, fnmr] = [speaker.at_stored.fmr, speaker.at_stored.fnmr].map(|rate| 100.0 * rate);
            write!(out, "FMR {fmr:.2} %, FNMR {fnmr:.2} %")?;
            speaker.changed
        }
        Figures::Text(text) => {
            write!(out, "{} texts of {} words", text.clips, text.greedy.errors.words)?;
            for (name, rates) in [("greedy", text.greedy), ("beam", text.beam)] {
                let [wer, cer] = [rates.wer, rates.cer].map(|rate| 100.0 * rate);
                write!(out, "; {name}: WER {wer:.2} %, CER {cer:.2} %")?;
            }
            if let Some(loss) = text.loss {
                write!(out, "; CTC loss {loss:.3} a token")?;
            }
            if text.unsayable > 0 {
                write!(out, "; {} that the head cannot say", text.unsayable)?;
            }
            None
        }
        Figures::Turns(turns) => {
            let [der, collar] = [turns.der, turns.der_collar].map(|rate| 100.0 * rate);
            let [speech, missed, invented, confused] = {
                let errors = turns.errors;
                [errors.speech_s, errors.missed_s, errors.false_alarm_s, errors.confused_s]
            };
            write!(out, "{} recordings, {speech:.1} s of speech: DER {der:.2} % ", turns.clips)?;
            write!(out, "({missed:.1} s missed, {invented:.1} s invented, {confused:.1} s confused), ")?;
            write!(out, "{collar:.2} % with 250 ms around boundaries left out")?;
            None
        }
    };
    if let Some(changed) = changed {
        write!(out, "; {:.2} % decided otherwise", 100.0 * changed)?;
    }
    writeln!(out)
}
