//! `wavlm-export inspect`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use wavlm_format::schema::OutputSpec;
use wavlm_format::{Head, HeadKind, Header, LayerShape, ModelFile, Packing, StemNorm};
use wavlm_runtime::{Model, SessionOptions};

/// Say what a .wlm file holds.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file
    #[arg(value_name = "M.wlm")]
    file: PathBuf,
    /// Also prove that it can run: check every tensor's checksum and numbers, and plan a session with everything it gives
    #[arg(long)]
    verify: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = Arc::new(ModelFile::open(&arguments.file)?);
    let outputs = match arguments.verify {
        true => Some(verify(&file).with_context(|| arguments.file.display().to_string())?),
        false => None,
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &arguments.file, &file, outputs.as_deref())?;
    } else {
        write_table(&mut out, &file, outputs.as_deref())?;
    }
    Ok(())
}

/// Reads every byte, plans everything that the model can give, and says what that is.
fn verify(file: &Arc<ModelFile>) -> anyhow::Result<Vec<String>> {
    file.verify()?;
    let everything =
        SessionOptions { base: true, hidden_states: true, attentions: true, ..SessionOptions::default() };
    let session = Model::from_file(file.clone()).session(&everything).context("the model cannot run")?;
    Ok(session.outputs().map(OutputSpec::to_string).collect())
}

/// `outputs` are what the file was found to give, if it was verified.
fn write_json(
    out: &mut impl Write,
    path: &Path,
    file: &ModelFile,
    outputs: Option<&[String]>,
) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        file: String,
        bytes: usize,
        verified: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        outputs: Option<&'a [String]>,
        #[serde(flatten)]
        header: &'a Header,
    }
    let line = Line {
        file: path.display().to_string(),
        bytes: file.len(),
        verified: outputs.is_some(),
        outputs,
        header: file.header(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    Ok(writeln!(out)?)
}

fn write_table(out: &mut impl Write, file: &ModelFile, outputs: Option<&[String]>) -> io::Result<()> {
    let header = file.header();
    let encoder = &header.encoder;
    let parameters: u64 = header.tensors.iter().map(|tensor| tensor.shape.iter().product::<u64>()).sum();
    let norm = match encoder.stem_norm {
        StemNorm::Group => "group",
        StemNorm::Layer => "layer",
    };
    let (bytes, precision) = (file.len(), header.precision);
    writeln!(out, "size        {bytes} bytes, {parameters} parameters, {precision:?}")?;
    if let Some(outputs) = outputs {
        let count = outputs.len();
        writeln!(
            out,
            "verified    checksums are good, numbers are finite, and every head can be planned: {count} outputs"
        )?;
    }
    writeln!(out, "licence     {}", header.licence)?;
    writeln!(out, "source      {}", header.source)?;
    let normalised = if header.preprocessing.normalize { "normalised" } else { "as it is" };
    writeln!(out, "waveform    {} Hz, {normalised}", header.preprocessing.sampling_rate)?;
    let dims: Vec<_> = encoder.stem.iter().map(|conv| conv.dim.to_string()).collect();
    writeln!(out, "stem        {} channels, {norm} norm", dims.join("-"))?;
    let placed = if encoder.stable_layer_norm { "norms before" } else { "norms after" };
    writeln!(
        out,
        "encoder     {} layers of {}, {} heads, feed-forward {}, {placed}",
        encoder.num_layers, encoder.hidden_size, encoder.num_heads, encoder.intermediate_size
    )?;
    for (i, layer) in encoder.layers.iter().enumerate() {
        writeln!(out, "            layer {i}: {}", shape_of(layer))?;
    }
    if encoder.stem_scale {
        writeln!(out, "            channels behind the stem are scaled")?;
    }
    if let Some(adapter) = &encoder.adapter {
        let (layers, width) = (adapter.num_layers, adapter.output_hidden_size);
        writeln!(out, "adapter     {layers} layers of {width}, stride {}", adapter.stride)?;
    }
    for (head, tensors) in header.heads.iter().zip(&file.schema().heads) {
        write_head(out, head)?;
        let outputs: Vec<_> = tensors.outputs.iter().map(OutputSpec::to_string).collect();
        writeln!(out, "            gives {}", outputs.join(", "))?;
    }
    super::write_estimates(out, header, bytes)?;

    writeln!(out)?;
    let width = header.tensors.iter().map(|tensor| tensor.name.len()).max().unwrap_or(0);
    for tensor in &header.tensors {
        let packing = match tensor.packing {
            Packing::DenseF32 => "f32",
            Packing::PanelsF32 => "f32 panels",
            Packing::PanelsI8 => "int8 panels",
            Packing::PanelsI4 => "int4 panels",
        };
        let (name, shape) = (&tensor.name, format!("{:?}", tensor.shape));
        writeln!(out, "{name:width$}  {packing:11}  {shape:18} {:>10} bytes", tensor.length)?;
    }
    if let Some(report) = &header.report {
        writeln!(out, "\nagreement with the checkpoint over {:.1} s of audio", report.seconds)?;
        super::write_agreements(out, &report.tensors)?;
    }
    Ok(())
}

/// What pruning or sharing left of a layer, in words.
fn shape_of(layer: &LayerShape) -> String {
    let heads: Vec<String> = layer.heads.iter().map(u32::to_string).collect();
    let attention = match (heads.is_empty(), layer.attention_of) {
        (true, _) => "no attention".to_owned(),
        (false, None) => format!("heads {}", heads.join(" ")),
        (false, Some(of)) => format!("heads {} with the weights of layer {of}", heads.join(" ")),
    };
    match layer.intermediate_size {
        0 => format!("{attention}, no feed-forward block"),
        width => format!("{attention}, feed-forward {width}"),
    }
}

fn write_head(out: &mut impl Write, head: &Head) -> io::Result<()> {
    let what = match &head.kind {
        HeadKind::Ctc { vocabulary, .. } => format!("text, {} tokens", vocabulary.len()),
        HeadKind::Sequence { labels, .. } => format!("one of {}", labels.join(", ")),
        HeadKind::Frame { labels } => format!("per frame, any of {}", labels.join(", ")),
        HeadKind::XVector { embedding, .. } => format!("speaker embedding of {embedding}"),
    };
    write!(out, "head        {}: {what}", head.name)?;
    if let Some(decision) = &head.decision {
        write!(out, "; accepts from {:.3}", decision.threshold)?;
    }
    writeln!(out)
}
