//! One page of evidence on a model file: what it is, how close it computes to its checkpoint, how its weights lie, and how
//! it did in an evaluation. The page needs nothing beside itself.

mod page;
mod plot;
mod weights;

use serde_json::Value;
use wavlm_format::{Agreement, FormatError, HeadKind, ModelFile, Packing, Precision, TensorError};

use page::{Page, escape};
use plot::{Line, bars, lines, sketch};
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
    evaluation(&mut page, results);
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
    page.figure(&bars(report.tensors.iter().map(|line| (line.tensor.as_str(), apart(line)))));
    page.table(
        &["output", "cosine", "largest error", "of its largest value"],
        report.tensors.iter().map(|line| {
            let Agreement { tensor, cosine, max_abs, max_rel } = line;
            vec![escape(tensor), format!("{cosine:.6}"), format!("{max_abs:.2e}"), format!("{max_rel:.2e}")]
        }),
    );
}

fn evaluation(page: &mut Page, results: &Results) {
    if results.is_empty() {
        return;
    }
    page.section("Evaluated");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let figures = [
        "accuracy",
        "eer",
        "eer_interval",
        "min_dcf",
        "fnmr_at_fmr",
        "cllr",
        "wer",
        "cer",
        "der",
        "der_collar",
        "hours",
    ];
    let row = |result: &Value| {
        let known = figures.iter().filter_map(|&key| Some(format!("{key} {}", short(result.get(key)?))));
        let cells =
            ["head", "group", "kind"].map(|key| escape(&result.get(key).map(text).unwrap_or_default()));
        cells.into_iter().chain([escape(&known.collect::<Vec<_>>().join(", "))]).collect()
    };
    page.table(&["head", "group", "kind", "figures"], results.iter().map(row));
    for result in results {
        let Some(curve) = result.get("curve").and_then(Value::as_array) else { continue };
        let point = |errors: &Value| Some((errors.get("fmr")?.as_f64()?, errors.get("fnmr")?.as_f64()?));
        let points: Vec<(f64, f64)> = curve.iter().filter_map(point).collect();
        let group = result.get("group").map(text).unwrap_or_default();
        page.text(&format!("Voices of {group}: false non-matches beside false matches, at every threshold."));
        page.figure(&lines(
            "false match rate",
            "false non-match rate",
            &[Line { name: &group, points: &points }],
        ));
    }
    let of_alarms = |result: &&Value| result.get("points").is_some_and(Value::is_array);
    let alarms: Vec<Vec<String>> = results
        .iter()
        .filter(of_alarms)
        .flat_map(|result| {
            let group = result.get("group").map(text).unwrap_or_default();
            let points = result["points"].as_array().into_iter().flatten();
            points
                .map(move |point| {
                    let cell = |key: &str| escape(&point.get(key).map(short).unwrap_or_default());
                    vec![
                        escape(&group),
                        cell("name"),
                        cell("threshold"),
                        cell("false_alarms"),
                        cell("per_hour"),
                        cell("interval"),
                    ]
                })
                .collect::<Vec<_>>()
        })
        .collect();
    if !alarms.is_empty() {
        page.table(
            &["group", "point", "threshold", "false alarms", "an hour", "95 % interval"],
            alarms.into_iter(),
        );
    }
}

/// A number with few digits.
fn short(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => format!("{:.4}", number.as_f64().unwrap_or_default()),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(" to "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
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
