//! Settings of a model that was saved without them, from the shapes of its tensors and what every published model has in common.

use super::settings::Settings;
use crate::checkpoint::error::AuthorsProblem;
use crate::checkpoint::{NamedTensors, names};

/// Strides of every published stem.
const STRIDES: [usize; 7] = [5, 2, 2, 2, 2, 2, 2];

/// Distance from which on all positions share one bucket, in every published model.
const MAX_DISTANCE: u32 = 800;

/// Settings of the model whose tensors these are, under transformers' names.
pub(super) fn settings(tensors: &NamedTensors) -> Result<Settings, AuthorsProblem> {
    let shape = |name: &str| tensors.floats.get(name).map(|values| values.shape());
    let untold = |what| AuthorsProblem::Untold { what };
    let size = |name: &str, axis: usize, what| {
        let size = shape(name).and_then(|shape| shape.get(axis));
        size.and_then(|&size| u32::try_from(size).ok()).ok_or(untold(what))
    };
    let stem = STRIDES.iter().enumerate().map(|(i, stride)| {
        let [conv, _] = names::stem(i);
        let shape = shape(&format!("{conv}.weight")).filter(|shape| shape.len() == 3);
        shape.map(|shape| format!("({},{},{stride})", shape[0], shape[2]))
    });
    let stem: Option<Vec<String>> = stem.collect();
    let [beyond, _] = names::stem(STRIDES.len());
    let stem = stem.filter(|_| shape(&format!("{beyond}.weight")).is_none());
    let [_, second_norm] = names::stem(1);
    let normed = tensors.contains(&format!("{second_norm}.weight"));
    let layer = |i, part: &str| format!("{}.weight", names::layer(i, part));
    let layers = (0..).take_while(|&i| tensors.contains(&layer(i, "final_layer_norm"))).count();
    let hidden = size(names::ENCODER_NORM_WEIGHT, 0, "the width of its layers")?;
    let positional = names::WEIGHT_NORMS.map(|[_, direction]| format!("{}.{direction}", names::POSITIONAL));
    let positional = positional.iter().find(|name| tensors.contains(name)).cloned().unwrap_or_default();
    let per_group = size(&positional, 1, "its positional convolution")?;
    Ok(Settings {
        extractor_mode: if normed { "layer_norm" } else { "default" }.to_owned(),
        encoder_layers: layers as u32,
        encoder_embed_dim: hidden,
        encoder_ffn_embed_dim: size(
            &layer(0, "feed_forward.intermediate_dense"),
            0,
            "the width of its feed-forward blocks",
        )?,
        encoder_attention_heads: size(names::POSITION_BIAS, 1, "its heads")?,
        // WavLM Large has both, and neither Base nor Base+ has either.
        layer_norm_first: normed,
        normalize: normed,
        conv_feature_layers: format!("[{}]", stem.ok_or(untold("its stem"))?.join(",")),
        conv_bias: tensors.contains(&format!("{}.bias", names::stem(0)[0])),
        conv_pos: size(&positional, 2, "its positional convolution")?,
        conv_pos_groups: hidden / per_group.max(1),
        relative_position_embedding: true,
        num_buckets: size(names::POSITION_BIAS, 0, "its buckets")?,
        max_distance: MAX_DISTANCE,
        gru_rel_pos: true,
        ..Settings::default()
    })
}

/// What is told of settings that were guessed.
pub(super) fn note(settings: &Settings) -> String {
    let like = if settings.normalize {
        "WavLM Large: norms before layers, waveform normalised"
    } else {
        "WavLM Base"
    };
    format!(
        "no `cfg` in it: the shapes of its tensors tell the model, and for the rest it is taken to be like {like}"
    )
}
