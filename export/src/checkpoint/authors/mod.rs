//! Files of WavLM's authors (microsoft/unilm): `{"cfg": …, "model": …}`, and what others save around their model, such as the
//! speaker checkpoints of microsoft/UniSpeech, whose settings are told by the shapes of the tensors.

mod infer;
mod names;
mod settings;

use super::config_json::Task;
use super::error::{AuthorsProblem, CheckpointError, Problem};
use super::model::Checkpoint;
use super::tensors::NamedTensors;
use super::torch::Contents;
use super::weights::Weights;
use settings::Settings;
use wavlm_format::Preprocessing;

/// Names of tensors that a note lists.
const LISTED: usize = 3;

/// Whether a file is of this kind.
pub(super) fn wrote(contents: &Contents) -> bool {
    let theirs = contents.names.iter().any(|name| names::prefix(name).is_some());
    theirs && (contents.settings.is_some() || contents.names.iter().any(|name| name.contains(names::GATE)))
}

/// Reads a file that [`wrote`] knows.
pub(super) fn open(
    weights: &Weights,
    contents: Contents,
    task: Option<Task>,
) -> Result<Checkpoint, CheckpointError> {
    let path = &weights.path;
    let fail = |problem: Problem| CheckpointError::new(path, problem);
    let (mut tensors, left_out) = encoder_of(weights.read()?).map_err(|problem| fail(problem.into()))?;
    tensors.rename(names::of_transformers).map_err(fail)?;

    let mut notes = Vec::new();
    let settings = match contents.settings {
        Some(settings) => serde_json::from_value(settings.into()).map_err(AuthorsProblem::Settings),
        None => infer::settings(&tensors).inspect(|settings| notes.push(infer::note(settings))),
    };
    let settings: Settings = settings.map_err(|problem| fail(problem.into()))?;
    if !left_out.is_empty() {
        let listed: Vec<&str> = left_out.iter().take(LISTED).map(String::as_str).collect();
        let more = if left_out.len() > LISTED { ", …" } else { "" };
        notes.push(format!(
            "{} tensors around the encoder are left out ({}{more}); the file holds the encoder alone",
            left_out.len(),
            listed.join(", ")
        ));
    }
    let config = settings.config().map_err(|problem| fail(problem.into()))?;
    let encoder = config.encoder().map_err(|problem| fail(problem.into()))?;
    let head = config.head(task, &Default::default()).map_err(|problem| fail(problem.into()))?;
    Ok(Checkpoint {
        encoder,
        conv_bias: config.conv_bias,
        head,
        other_heads_unwanted: task.is_some(),
        preprocessing: Preprocessing { sampling_rate: 16_000, normalize: settings.normalize },
        tensors,
        notes,
        onnx: None,
    })
}

/// The encoder's tensors without what stands before their names, and the names of the others.
fn encoder_of(tensors: NamedTensors) -> Result<(NamedTensors, Vec<String>), AuthorsProblem> {
    let mut prefixes = tensors.names().filter_map(|name| names::prefix(name));
    let prefix = prefixes.next().unwrap_or_default().to_owned();
    if let Some(second) = prefixes.next() {
        return Err(AuthorsProblem::TwoEncoders { first: prefix.clone(), second: second.to_owned() });
    }
    drop(prefixes);
    let (mut encoder, mut left_out) = (NamedTensors::default(), Vec::new());
    let NamedTensors { floats, others, .. } = tensors;
    for (name, values) in floats {
        match name.strip_prefix(&prefix) {
            Some(bare) => {
                encoder.note_spelling(bare, name.clone());
                encoder.floats.insert(bare.to_owned(), values);
            }
            None => left_out.push(name),
        }
    }
    for (name, kind) in others {
        match name.strip_prefix(&prefix) {
            Some(bare) => {
                encoder.others.insert(bare.to_owned(), kind);
            }
            None => left_out.push(name),
        }
    }
    Ok((encoder, left_out))
}
