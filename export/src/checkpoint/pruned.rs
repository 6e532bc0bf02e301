//! Files of WavLMs that were pruned while they were distilled (DPHuBERT, Peng et al., 2023; DPWavLM):
//! `{"config": …, "state_dict": …}` in the naming of torchaudio. Layers have the heads and the feed-forward channels that are
//! left of them, or neither; channels of the stem may be scaled.

use serde::Deserialize;
use wavlm_format::{EncoderConfig, Preprocessing};

use super::config_json::{ConfigJson, LayerJson, Task};
use super::error::{CheckpointError, Problem, PrunedProblem};
use super::model::Checkpoint;
use super::names;
use super::tensors::NamedTensors;
use super::torch::Contents;
use super::weights::Weights;

/// A part of the names of every such encoder.
const PROJECTION: &str = "encoder.feature_projection.";

/// What names begin with: theirs, and transformers'.
const PARTS: [(&str, &str); 2] = [(PROJECTION, "feature_projection."), ("encoder.transformer.", "encoder.")];

/// The head of letters that torchaudio's models may have.
const AUXILIARY: &str = "aux.";

/// The keys of `config` that the forward pass reads.
#[derive(Deserialize)]
struct Config {
    extractor_mode: String,
    extractor_conv_layer_config: Vec<[u32; 3]>,
    extractor_conv_bias: bool,
    encoder_embed_dim: u32,
    encoder_pos_conv_kernel: u32,
    encoder_pos_conv_groups: u32,
    encoder_num_layers: u32,
    encoder_use_attention: Vec<bool>,
    encoder_use_feed_forward: Vec<bool>,
    encoder_total_num_heads: Vec<u32>,
    encoder_remaining_heads: Vec<Vec<u32>>,
    encoder_num_buckets: u32,
    encoder_max_distance: u32,
    encoder_ff_interm_features: Vec<u32>,
    encoder_layer_norm_first: bool,
    normalize_waveform: bool,
}

/// Whether a file is of this kind.
pub(super) fn wrote(contents: &Contents) -> bool {
    let config = contents.config.as_ref().is_some_and(|config| config.contains_key("extractor_mode"));
    config && contents.names.iter().any(|name| name.starts_with(PROJECTION))
}

/// Reads a file that [`wrote`] knows.
pub(super) fn open(
    weights: &Weights,
    contents: Contents,
    task: Option<Task>,
) -> Result<Checkpoint, CheckpointError> {
    let fail = |problem: Problem| CheckpointError::new(&weights.path, problem);
    let config = contents.config.unwrap_or_default();
    if !config.contains_key("encoder_remaining_heads") {
        return Err(fail(PrunedProblem::NotWavLm.into()));
    }
    let config: Config =
        serde_json::from_value(config.into()).map_err(|cause| fail(PrunedProblem::Config(cause).into()))?;
    let mut tensors = weights.read()?;
    tensors.rename(of_transformers).map_err(fail)?;
    let notes = leave_out_head(&mut tensors);
    let stem_scale = has_scale(&mut tensors);
    let json = config.json(stem_scale).map_err(|problem| fail(problem.into()))?;
    let encoder = json.encoder().map_err(|problem| fail(problem.into()))?;
    leave_out_norms(&mut tensors, &encoder);
    let head = json.head(task, &Default::default()).map_err(|problem| fail(problem.into()))?;
    Ok(Checkpoint {
        encoder,
        conv_bias: config.extractor_conv_bias,
        head,
        other_heads_unwanted: task.is_some(),
        preprocessing: Preprocessing { sampling_rate: 16_000, normalize: config.normalize_waveform },
        tensors,
        notes,
        onnx: None,
    })
}

/// transformers' name for a tensor; its own for one that transformers does not know.
fn of_transformers(name: &str) -> String {
    let renamed =
        PARTS.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", name.strip_prefix(theirs)?)));
    renamed.unwrap_or_else(|| name.to_owned())
}

/// Leaves out a head whose letters nobody tells.
fn leave_out_head(tensors: &mut NamedTensors) -> Vec<String> {
    let before = tensors.floats.len();
    tensors.floats.retain(|name, _| !name.starts_with(AUXILIARY));
    let left_out = before > tensors.floats.len();
    let note =
        || "its head `aux` is left out, since nothing tells its letters; the file holds the encoder alone";
    left_out.then(|| note().to_owned()).into_iter().collect()
}

/// Leaves out the norms in front of blocks that pruning took, which the file has and nothing reads.
fn leave_out_norms(tensors: &mut NamedTensors, encoder: &EncoderConfig) {
    for i in 0..encoder.num_layers as usize {
        let norms = encoder.norms(i).into_iter().zip(["layer_norm", "final_layer_norm"]);
        for (_, norm) in norms.filter(|(read, _)| !read) {
            for part in ["weight", "bias"] {
                tensors.floats.remove(&names::layer(i, &format!("{norm}.{part}")));
            }
        }
    }
}

/// Whether channels behind the stem are scaled; factors of 1 are taken away.
fn has_scale(tensors: &mut NamedTensors) -> bool {
    let scaled = |factors: &ndarray::ArrayD<f32>| factors.iter().any(|&factor| factor != 1.0);
    let is_scaled = tensors.floats.get(names::STEM_SCALE).is_some_and(scaled);
    if !is_scaled {
        tensors.floats.remove(names::STEM_SCALE);
    }
    is_scaled
}

impl Config {
    /// The same model in the words of `config.json`.
    fn json(&self, stem_scale: bool) -> Result<ConfigJson, PrunedProblem> {
        let layers = self.encoder_num_layers as usize;
        let lengths = [
            ("encoder_use_attention", self.encoder_use_attention.len()),
            ("encoder_use_feed_forward", self.encoder_use_feed_forward.len()),
            ("encoder_total_num_heads", self.encoder_total_num_heads.len()),
            ("encoder_remaining_heads", self.encoder_remaining_heads.len()),
            ("encoder_ff_interm_features", self.encoder_ff_interm_features.len()),
        ];
        if let Some(&(key, found)) = lengths.iter().find(|(_, length)| *length != layers) {
            return Err(PrunedProblem::Layers { key, found, layers });
        }
        let heads = self.encoder_total_num_heads.first().copied().unwrap_or(0);
        if self.encoder_total_num_heads.iter().any(|&other| other != heads) {
            return Err(PrunedProblem::Heads);
        }
        let feat_extract_norm = match self.extractor_mode.as_str() {
            "group_norm" => "group",
            "layer_norm" => "layer",
            other => return Err(PrunedProblem::Mode(other.chars().take(40).collect())),
        };
        let attention = self.encoder_use_attention.iter().zip(&self.encoder_remaining_heads);
        let feed_forward = self.encoder_use_feed_forward.iter().zip(&self.encoder_ff_interm_features);
        let layer = |((&attends, heads), (&feeds, &width)): ((&bool, &Vec<u32>), (&bool, &u32))| LayerJson {
            heads: if attends { heads.clone() } else { Vec::new() },
            intermediate_size: if feeds { width } else { 0 },
            attention_of: None,
        };
        let stem = &self.extractor_conv_layer_config;
        Ok(ConfigJson {
            conv_bias: self.extractor_conv_bias,
            feat_extract_norm: feat_extract_norm.to_owned(),
            hidden_size: self.encoder_embed_dim,
            num_hidden_layers: self.encoder_num_layers,
            num_attention_heads: heads,
            intermediate_size: self.encoder_ff_interm_features.first().copied().unwrap_or(0),
            num_conv_pos_embeddings: self.encoder_pos_conv_kernel,
            num_conv_pos_embedding_groups: self.encoder_pos_conv_groups,
            num_buckets: self.encoder_num_buckets,
            max_bucket_distance: self.encoder_max_distance,
            do_stable_layer_norm: self.encoder_layer_norm_first,
            layers: Some(attention.zip(feed_forward).map(layer).collect()),
            stem_scale,
            ..ConfigJson::of_stem(stem)
        })
    }
}
