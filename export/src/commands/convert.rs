//! `wavlm-export convert`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use wavlm_export::audio;
use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::{Task, Wanted};
use wavlm_export::convert::{self, Options, Source, Target};
use wavlm_export::file::Provenance;
use wavlm_export::oracle::Oracle;
use wavlm_export::progress::{Bars, Progress};
use wavlm_format::{Agreement, ModelFile, Precision};

/// Turn checkpoints into one verified .wlm file.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder written by save_pretrained, or a file of weights in one; several, as NAME=SRC, put several heads over one encoder
    #[arg(required = true, value_name = "[NAME=]SRC", value_parser = parse_source)]
    sources: Vec<Source>,
    /// A checkpoint of another head over the same encoder, or such a head alone, as s3prl saves it; may be given several times
    #[arg(long = "head", value_name = "[NAME=]CHECKPOINT", value_parser = parse_source)]
    heads: Vec<Source>,
    /// Keep the first N layers of the encoder alone; heads must be over a weighted sum of layers
    #[arg(long, value_name = "N")]
    layers: Option<u32>,
    /// File to write
    #[arg(short, long, value_name = "M.wlm")]
    output: PathBuf,
    /// Arithmetic of the file
    #[arg(long, value_enum, default_value = "int8")]
    precision: PrecisionName,
    /// Longest file that will do, such as 60MB: linear layers have 8 bits where that matters most, and 4 elsewhere
    #[arg(long, value_name = "SIZE", conflicts_with = "precision")]
    budget: Option<ByteSize>,
    /// Head to export, where config.json does not say or says something else
    #[arg(long, value_enum)]
    task: Option<Task>,
    /// Texts of labels, one on each line, for a head whose checkpoint does not name them
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Language of a CTC head for several, whose vocabulary and adapter.LANG.safetensors lie in the folder
    #[arg(long, value_name = "LANG")]
    target_lang: Option<String>,
    /// Folder of WAV files: file and checkpoint are compared on them, 4-bit weights are rounded by what layers read there, and
    /// channels that are loud there are made quieter in 8 bits, if that brings the file closer [default: bundled speech]
    #[arg(long, value_name = "DIR")]
    calibrate: Option<PathBuf>,
    /// Licence of the weights, kept in the file
    #[arg(long, default_value = "unknown")]
    licence: String,
    /// Where the weights come from, kept in the file [default: the folders' names]
    #[arg(long)]
    source: Option<String>,
    /// Write the file even if it disagrees with the checkpoint
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PrecisionName {
    Int8,
    /// Weights of linear layers in 4 bits, everything else as in int8
    Int4,
    F32,
}

/// `NAME=SRC` or `SRC`: a word that is a path as it stands is one, whatever equals signs it has.
pub fn parse_source(text: &str) -> Result<Source, std::convert::Infallible> {
    Ok(match text.split_once('=') {
        Some((name, folder)) if !name.contains(['/', '\\']) && !Path::new(text).exists() => {
            Source { name: Some(name.to_owned()), folder: folder.into() }
        }
        _ => Source { name: None, folder: text.into() },
    })
}

/// The last parts of the folders' paths: the rest concerns this machine alone.
fn folder_names(sources: &[Source]) -> String {
    let name = |source: &Source| {
        let path = source.folder.canonicalize().unwrap_or_else(|_| source.folder.clone());
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    sources.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn name_labels(model: &mut CanonicalModel, path: &Path) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let texts: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    model.name_labels(&texts).with_context(|| path.display().to_string())
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { sources, output, .. } = arguments;
    let wanted = Wanted { task: arguments.task, language: arguments.target_lang.clone() };
    let recordings = match &arguments.calibrate {
        Some(folder) => audio::read_folder(folder)?,
        None => audio::bundled(),
    };
    let progress = Bars::default();
    let sources: Vec<Source> = sources.iter().chain(&arguments.heads).cloned().collect();
    let mut model = convert::read(&sources, &wanted, &progress)?;
    if let Some(path) = &arguments.labels {
        name_labels(&mut model, path)?;
    }
    if let Some(layers) = arguments.layers {
        let all = model.encoder.num_layers;
        let (shorter, agreements) = convert::cut(&model, layers, &recordings)?;
        for Agreement { tensor, cosine, .. } in &agreements {
            progress.note(&format!(
                "{layers} of {all} layers: {tensor} has cosine {cosine:.4} to that of all layers"
            ));
        }
        model = shorter;
    }
    let options = Options {
        target: match (arguments.budget, arguments.precision) {
            (Some(budget), _) => Target::Length(budget.as_u64()),
            (None, PrecisionName::Int8) => Target::Precision(Precision::Int8),
            (None, PrecisionName::Int4) => Target::Precision(Precision::Int4),
            (None, PrecisionName::F32) => Target::Precision(Precision::F32),
        },
        calibrated: arguments.calibrate.is_some(),
        provenance: Provenance {
            licence: arguments.licence.clone(),
            source: arguments.source.clone().unwrap_or_else(|| folder_names(&sources)),
        },
        force: arguments.force,
    };
    let report = convert::write(&model, &Oracle::new(&model), &options, &recordings, output, &progress)?;
    progress.finish();
    let written = std::fs::metadata(output).is_ok_and(|written| written.is_file());
    let written = written.then(|| ModelFile::open(output)).transpose()?;
    let size =
        written.as_ref().map_or_else(String::new, |file| format!("{:.2} MB, ", file.len() as f64 / 1e6));
    let verified = match report.tensors.is_empty() {
        true => "not verified".to_owned(),
        false => format!("verified on {:.1} s of audio", report.seconds),
    };
    let mut evidence = io::stderr().lock();
    super::write_agreements(&mut evidence, &report.tensors)?;
    if let Some(file) = &written {
        super::write_estimates(&mut evidence, file.header(), file.len())?;
    }
    writeln!(evidence, "{}: {size}{verified}", output.display())?;
    Ok(())
}
