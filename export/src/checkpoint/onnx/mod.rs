//! ONNX graphs, read by their structure: names of nodes and tensors say nothing, since every exporter gives its own.
//!
//! The pieces that networks are made of are found first, in any exporter's spelling; then the encoder is followed from the
//! waveform to its last state, and the head behind it. What is recognised comes out as a checkpoint of transformers. Whether
//! it computes what the graph does is for [`original`](crate::original) to say.

mod activation;
mod encoder;
mod file;
mod fused;
mod graph;
mod heads;
mod pieces;
mod positions;
mod ranks;
mod tensors;

use std::path::Path;

use tract_onnx::pb::ModelProto;
use wavlm_format::Preprocessing;

use super::config_json::{ConfigJson, Task};
use super::error::{CheckpointError, ConfigProblem, OnnxProblem, Problem};
use super::graph_file::OnnxFile;
use super::json_files::{CONFIG, JsonFiles};
use super::model::{Checkpoint, Wanted};
use super::tensors::NamedTensors;
use super::{json, tokenizer, transformers};
pub(crate) use file::{folder_of, load};
use graph::Graph;
use pieces::Pieces;

/// Reads a graph. Labels, tokens and what prepares the waveform come from the files of a checkpoint beside it, where there
/// are any.
pub(super) fn open(path: &Path, wanted: &Wanted) -> Result<Checkpoint, CheckpointError> {
    let fail = |problem: Problem| CheckpointError::new(path, problem);
    let model = load(path).map_err(fail)?;
    let folder = folder_of(path).map_err(|problem| fail(problem.into()))?;
    let beside = JsonFiles::of(Path::new(folder));
    let mut config: ConfigJson = json::read_optional(&beside.file(CONFIG))?.unwrap_or_default();
    let found =
        recognise(&model, folder, &mut config, wanted.task).map_err(|problem| fail(problem.into()))?;
    let refused = |problem: ConfigProblem| fail(problem.into());
    let encoder = config.encoder().map_err(refused)?;
    let mut head = config
        .head(Some(found.task), &tokenizer::read(&beside, wanted.language.as_deref())?)
        .map_err(refused)?;
    if let Some(head) = &mut head {
        head.decision = transformers::decision(&beside)?;
    }
    let mut notes = found.notes;
    let preprocessing = match transformers::preprocessing(&beside) {
        Err(CheckpointError { problem: Problem::Config(ConfigProblem::NoPreprocessor), .. }) => {
            let normalize = config.feat_extract_norm == "layer";
            let what = if normalize { "normalised" } else { "taken as it is" };
            notes.push(format!(
                "no preprocessor_config.json beside it: the waveform is {what}, as for models like it"
            ));
            Preprocessing { sampling_rate: 16_000, normalize }
        }
        preprocessing => preprocessing?,
    };
    Ok(Checkpoint {
        encoder,
        conv_bias: config.conv_bias,
        head,
        other_heads_unwanted: true,
        preprocessing,
        tensors: found.tensors,
        notes,
        onnx: Some(OnnxFile { path: path.to_owned(), outputs: found.outputs, samples: found.samples }),
    })
}

struct Found {
    task: Task,
    tensors: NamedTensors,
    outputs: Vec<(usize, String)>,
    samples: Option<usize>,
    notes: Vec<String>,
}

fn recognise(
    model: &ModelProto,
    folder: &str,
    config: &mut ConfigJson,
    task: Option<Task>,
) -> Result<Found, OnnxProblem> {
    let graph = Graph::new(model, folder)?;
    let samples = only_length(&graph)?;
    let mut pieces = Pieces::find(&graph)?;
    let mut encoder = encoder::find(&mut pieces, config)?;
    let tail = heads::find(&pieces, &mut encoder, config, task)?;
    let mut known: Vec<(&str, String)> = vec![(tail.last_hidden_state, "last_hidden_state".to_owned())];
    known.extend(tail.logits.map(|tensor| (tensor, "logits".to_owned())));
    known.extend(tail.embeddings.map(|tensor| (tensor, "embeddings".to_owned())));
    known.push((encoder.features, "extract_features".to_owned()));
    known.extend(encoder.states.iter().enumerate().map(|(i, &state)| (state, format!("hidden_states.{i}"))));
    let outputs: Vec<(usize, String)> = graph
        .outputs()
        .enumerate()
        .filter_map(|(index, output)| {
            let root = graph.root(output);
            let (_, name) = known.iter().find(|(tensor, _)| graph.root(tensor) == root)?;
            Some((index, name.clone()))
        })
        .collect();
    if outputs.is_empty() {
        return Err(OnnxProblem::Outputs);
    }
    let tensors = NamedTensors { floats: encoder.tensors.0, ..NamedTensors::default() };
    let notes = encoder.note.into_iter().chain(tail.note).collect();
    Ok(Found { task: tail.task, tensors, outputs, samples, notes })
}

/// The number of samples of the only input, if it can be no other.
fn only_length(graph: &Graph<'_>) -> Result<Option<usize>, OnnxProblem> {
    use tract_onnx::pb::{tensor_shape_proto::dimension, type_proto};

    let inputs: Vec<_> = graph.inputs().collect();
    let [input] = inputs.as_slice() else {
        let names = inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(OnnxProblem::Inputs { names });
    };
    let value = input.r#type.as_ref().and_then(|kind| kind.value.as_ref());
    let Some(type_proto::Value::TensorType(tensor)) = value else { return Err(OnnxProblem::Waveform) };
    let Some(shape) = &tensor.shape else { return Ok(None) };
    let [_, samples] = shape.dim.as_slice() else { return Err(OnnxProblem::Waveform) };
    Ok(match samples.value {
        Some(dimension::Value::DimValue(samples)) if samples > 0 => usize::try_from(samples).ok(),
        _ => None,
    })
}
