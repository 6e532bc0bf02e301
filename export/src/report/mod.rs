//! One page of evidence on a model file: what it is, how close it computes to its checkpoint, how its weights lie, and how
//! it did in an evaluation. The page needs nothing beside itself.

mod evaluation;
mod page;
mod plot;
mod weights;

use serde_json::Value;
use wavlm_format::{Agreement, FormatError, HeadKind, ModelFile, Packing, Precision, TensorError};
use wavlm_known_boards::Board;
use wavlm_runtime::frontend::SAMPLE_RATE;

use crate::work;
use page::{Page, escape};
use plot::{bars, sketch};
use weights::Histogram;

/// Rows of an evaluation's results, as `wavlm-export eval --json` prints them.
pub type Results = Vec<Value>;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A tensor cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The file cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// The page, as HTML. `name` is what it calls the model.
///
/// # Errors
/// A tensor of the file is damaged.
pub fn page(name: &str, file: &std::sync::Arc<ModelFile>, results: &Results) -> Result<String, ReportError> {
    let mut page = Page::new(name);
    summary(&mut page, file);
    agreement(&mut page, file);
    boards(&mut page, file);
    evaluation::section(&mut page, results);
    tensors(&mut page, file)?;
    Ok(page.finish())
}

fn summary(page: &mut Page, file: &ModelFile) {
    let header = file.header();
    let encoder = &header.encoder;
    let precision = match header.precision {
        Precision::Int8 => "int8",
        Precision::Int4 => "int4 (linear layers), int8 (convolutions)",
        Precision::F32 => "f32",
    };
    let weights: u64 = header.tensors.iter().map(|tensor| tensor.shape.iter().product::<u64>()).sum();
    let bytes: u64 = header.tensors.iter().map(|tensor| tensor.length).sum();
    let megabytes = |bytes: u64| format!("{:.2} MB", bytes as f64 / 1e6);
    page.section("The model");
    let mut rows = vec![
        ("precision", precision.to_owned()),
        ("weights", format!("{:.2} million in {}", weights as f64 / 1e6, megabytes(bytes))),
        (
            "encoder",
            format!(
                "{} layers of {} with {} heads, feed-forward {}{}, {} convolutions before them",
                encoder.num_layers,
                encoder.hidden_size,
                encoder.num_heads,
                encoder.intermediate_size,
                if encoder.layers.is_empty() { "" } else { ", before pruning" },
                encoder.stem.len()
            ),
        ),
        (
            "frames",
            format!("one for {} samples of {} a second", encoder.hop(), header.preprocessing.sampling_rate),
        ),
        ("licence", header.licence.clone()),
        ("source", header.source.clone()),
    ];
    for head in &header.heads {
        let labels = head.kind.labels().len();
        let what = match &head.kind {
            HeadKind::Ctc { .. } => format!("CTC of {labels} tokens"),
            HeadKind::Sequence { .. } => format!("{labels} labels for a recording"),
            HeadKind::Frame { .. } => format!("{labels} labels for each frame"),
            HeadKind::XVector { embedding, .. } => format!("x-vectors of {embedding} numbers"),
        };
        rows.push(("head", format!("{}: {what}", head.name)));
    }
    page.table(&["", ""], rows.iter().map(|(key, value)| vec![escape(key), escape(value)]));
}

fn agreement(page: &mut Page, file: &ModelFile) {
    page.section("Beside its checkpoint");
    let Some(report) = file.header().report.as_ref().filter(|report| !report.tensors.is_empty()) else {
        page.text("The file holds no comparison with its checkpoint.");
        return;
    };
    page.text(&format!(
        "The file and an independent evaluation of the checkpoint in f32, on {:.1} s of audio: how far the cosine of each output \
         is from 1, at the worst, layer by layer.",
        report.seconds
    ));
    let apart = |line: &Agreement| (1.0 - f64::from(line.cosine)).max(1e-9);
    let distances = report.tensors.iter().map(|line| (line.tensor.as_str(), apart(line)));
    page.figure(&bars(distances, |distance| format!("{distance:.0e}")));
    page.table(
        &["output", "cosine", "largest error", "of its largest value"],
        report.tensors.iter().map(|line| {
            let Agreement { tensor, cosine, max_abs, max_rel } = line;
            vec![escape(tensor), format!("{cosine:.6}"), format!("{max_abs:.2e}"), format!("{max_rel:.2e}")]
        }),
    );
}

/// Memory, and time on boards; none of it measured.
fn boards(page: &mut Page, file: &ModelFile) {
    let header = file.header();
    page.section("On boards");
    let megabytes = |seconds: usize| {
        format!("{:.0} MB", work::peak_memory(header, file.len(), seconds * SAMPLE_RATE as usize) / 1e6)
    };
    page.text(&format!(
        "Memory at its peak, estimated: {} with 3 s of sound, {} with 30 s. Milliseconds for 1 s of sound with every head, on \
         one core, modelled: counted products by the compiler's model of each core, and everything else by a number of \
         instructions for each activation.",
        megabytes(3),
        megabytes(30)
    ));
    let one_second = work::of_one_second(header);
    let boards: Vec<(String, f64)> = Board::all()
        .filter_map(|board| Some((board.name.clone(), 1e3 * board.seconds(one_second)?)))
        .collect();
    let times = boards.iter().map(|(name, milliseconds)| (name.as_str(), *milliseconds));
    page.figure(&bars(times, |milliseconds| format!("{milliseconds} ms")));
    let row = |(name, milliseconds): &(String, f64)| vec![escape(name), format!("{milliseconds:.1}")];
    page.table(&["board", "ms"], boards.iter().map(row));
}

fn tensors(page: &mut Page, file: &std::sync::Arc<ModelFile>) -> Result<(), ReportError> {
    page.section("Weights");
    page.text("How the weights of every matrix lie between the negative and the positive end of what its row can hold.");
    let mut rows = Vec::new();
    for entry in &file.header().tensors {
        let packing = match entry.packing {
            Packing::DenseF32 => continue,
            Packing::PanelsF32 => "f32",
            Packing::PanelsI8 => "int8",
            Packing::PanelsI4 => "int4",
        };
        let histogram = Histogram::of(&file.tensor(&entry.name)?)?;
        let shape = entry.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ");
        rows.push(vec![
            escape(&entry.name),
            packing.to_owned(),
            shape,
            entry.length.to_string(),
            sketch(&histogram.shares()),
        ]);
    }
    page.table(&["matrix", "stored as", "shape", "bytes", "weights"], rows.into_iter());
    Ok(())
}
