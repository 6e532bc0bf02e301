//! Heads as s3prl saves them, the toolkit of the SUPERB benchmark: `{"Featurizer": …, "Downstream": …}`, without the encoder that
//! they were trained over. transformers' heads are made after them (its `convert_wavlm_original_s3prl_checkpoint_to_pytorch`).

use wavlm_format::{Head, HeadKind, TdnnShape};

use super::error::{CheckpointError, S3prlProblem};
use super::names;
use super::tensors::NamedTensors;
use super::torch::{Contents, PARTS};
use super::weights::Weights;

/// Names of tensors: theirs, and transformers'.
const TENSORS: [(&str, &str); 8] = [
    ("Featurizer.weights", names::LAYER_WEIGHTS),
    ("Downstream.projector.", "projector."),
    ("Downstream.connector.", "projector."),
    ("Downstream.model.post_net.linear.", "classifier."),
    ("Downstream.model.linear.", "classifier."),
    ("Downstream.model.utterancelevel_feature_extractor.linear1.", "feature_extractor."),
    ("Downstream.model.utterancelevel_feature_extractor.linear2.", "classifier."),
    ("Downstream.model.framelevel_feature_extractor.module.", "tdnn."),
];

/// What training leaves, and no answer depends on.
const NOT_READ: [&str; 2] = ["Downstream.objective.", "Downstream.best_score"];

/// Distances between the taps of the x-vector's layers, which its tensors do not tell.
const DILATIONS: [u32; 5] = [1, 2, 3, 1, 1];

/// A head without an encoder, its tensors under transformers' names.
#[derive(Debug)]
pub struct HeadCheckpoint {
    /// The head, named after its kind.
    pub head: Head,
    /// Its weights.
    pub tensors: NamedTensors,
    /// What whoever converts it should know.
    pub notes: Vec<String>,
}

/// Whether a file is of this kind.
pub(super) fn wrote(contents: &Contents) -> bool {
    contents.names.iter().any(|name| name.starts_with("Downstream."))
}

/// Reads a file that [`wrote`] knows.
pub(super) fn open(weights: &Weights) -> Result<HeadCheckpoint, CheckpointError> {
    let fail = |problem: S3prlProblem| CheckpointError::new(&weights.path, problem);
    let mut tensors = weights.read()?;
    tensors.floats.retain(|name, _| !NOT_READ.iter().any(|part| name.starts_with(part)));
    tensors.rename(of_transformers).map_err(|problem| CheckpointError::new(&weights.path, problem))?;
    if let Some(name) = tensors.names().find(|name| PARTS.iter().any(|part| name.starts_with(part))) {
        return Err(fail(S3prlProblem::Part { tensor: name.clone() }));
    }
    let weighted_layer_sum = tensors.contains(names::LAYER_WEIGHTS);
    let kind = kind(&tensors).map_err(fail)?;
    let mut notes = Vec::new();
    if matches!(kind, HeadKind::XVector { .. }) {
        notes.push(
            "its embeddings are those in front of s3prl's last rectifier, as transformers has them"
                .to_owned(),
        );
    }
    let head = Head { name: kind.name().to_owned(), kind, weighted_layer_sum, decision: None };
    Ok(HeadCheckpoint { head, tensors, notes })
}

fn of_transformers(name: &str) -> String {
    let renamed =
        TENSORS.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", name.strip_prefix(theirs)?)));
    renamed.unwrap_or_else(|| name.to_owned())
}

/// What the head is, by the tensors that it has and by their shapes.
fn kind(tensors: &NamedTensors) -> Result<HeadKind, S3prlProblem> {
    let size = |name: &str, axis: usize| {
        let weight = tensors.floats.get(&format!("{name}.weight"));
        let size =
            weight.and_then(|weight| weight.shape().get(axis)).and_then(|&size| u32::try_from(size).ok());
        size.ok_or_else(|| S3prlProblem::Missing { layer: name.to_owned() })
    };
    let labels = |count: u32| (0..count).map(|number| format!("LABEL_{number}")).collect::<Vec<String>>();
    let outputs = size(names::CLASSIFIER, 0)?;
    if !tensors.contains(&format!("{}.weight", names::PROJECTOR)) {
        return Ok(HeadKind::Frame { labels: labels(outputs) });
    }
    let projection = size(names::PROJECTOR, 0)?;
    if !tensors.contains(&format!("{}.weight", names::EMBEDDING)) {
        return Ok(HeadKind::Sequence { labels: labels(outputs), projection });
    }
    let mut inputs = projection;
    let tdnn = DILATIONS.iter().enumerate().map(|(i, &dilation)| {
        let (dim, columns) = (size(&names::tdnn(i), 0)?, size(&names::tdnn(i), 1)?);
        let kernel = columns / inputs.max(1);
        inputs = dim;
        Ok(TdnnShape { dim, kernel, dilation })
    });
    let tdnn = tdnn.collect::<Result<Vec<TdnnShape>, S3prlProblem>>()?;
    let embedding = size(names::EMBEDDING, 0)?;
    Ok(HeadKind::XVector { tdnn, embedding, labels: vec![String::new(); embedding as usize] })
}
