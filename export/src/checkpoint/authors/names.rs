//! What WavLM's authors call the parts of a model, and what transformers calls them.

/// The first tensor of every encoder; what stands before it stands before all of them.
const FIRST: &str = "feature_extractor.conv_layers.0.0.weight";

/// A tensor that WavLM has and its relatives do not.
pub(super) const GATE: &str = "self_attn.grep_linear";

/// What the names of the encoder begin with whose first tensor this is.
pub(super) fn prefix(name: &str) -> Option<&str> {
    name.strip_suffix(FIRST).filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
}

/// Beginnings of names: theirs, and transformers'.
const PARTS: [(&str, &str); 4] = [
    ("post_extract_proj.", "feature_projection.projection."),
    ("layer_norm.", "feature_projection.layer_norm."),
    ("encoder.pos_conv.0.", "encoder.pos_conv_embed.conv."),
    ("mask_emb", "masked_spec_embed"),
];

/// Parts of a transformer layer: theirs, and transformers'.
const OF_A_LAYER: [(&str, &str); 7] = [
    ("self_attn.grep_linear.", "attention.gru_rel_pos_linear."),
    ("self_attn.grep_a", "attention.gru_rel_pos_const"),
    ("self_attn.relative_attention_bias.", "attention.rel_attn_embed."),
    ("self_attn.", "attention."),
    ("self_attn_layer_norm.", "layer_norm."),
    ("fc1.", "feed_forward.intermediate_dense."),
    ("fc2.", "feed_forward.output_dense."),
];

/// transformers' name for a tensor of the encoder; its own for one that transformers does not know.
pub(super) fn of_transformers(name: &str) -> String {
    let renamed = stem(name).or_else(|| layer(name)).or_else(|| {
        PARTS.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", name.strip_prefix(theirs)?)))
    });
    renamed.unwrap_or_else(|| name.to_owned())
}

/// A block of the stem is a list: convolution, dropout, and a norm that may be wrapped in two transpositions.
fn stem(name: &str) -> Option<String> {
    let (block, part) = name.strip_prefix("feature_extractor.conv_layers.")?.split_once('.')?;
    let part = match part.strip_prefix("0.") {
        Some(part) => format!("conv.{part}"),
        None => {
            let part = part.strip_prefix("2.")?;
            format!("layer_norm.{}", part.strip_prefix("1.").unwrap_or(part))
        }
    };
    Some(format!("feature_extractor.conv_layers.{block}.{part}"))
}

fn layer(name: &str) -> Option<String> {
    let (layer, part) = name.strip_prefix("encoder.layers.")?.split_once('.')?;
    let (theirs, ours) = OF_A_LAYER.iter().find(|(theirs, _)| part.starts_with(theirs))?;
    Some(format!("encoder.layers.{layer}.{ours}{}", part.strip_prefix(theirs)?))
}

#[cfg(test)]
mod tests {
    use super::{of_transformers, prefix};

    #[test]
    fn names_become_those_of_transformers() {
        for (theirs, ours) in [
            ("feature_extractor.conv_layers.0.0.weight", "feature_extractor.conv_layers.0.conv.weight"),
            ("feature_extractor.conv_layers.0.2.bias", "feature_extractor.conv_layers.0.layer_norm.bias"),
            (
                "feature_extractor.conv_layers.6.2.1.weight",
                "feature_extractor.conv_layers.6.layer_norm.weight",
            ),
            ("layer_norm.weight", "feature_projection.layer_norm.weight"),
            ("encoder.layer_norm.weight", "encoder.layer_norm.weight"),
            ("encoder.pos_conv.0.weight_g", "encoder.pos_conv_embed.conv.weight_g"),
            ("encoder.layers.11.self_attn.q_proj.bias", "encoder.layers.11.attention.q_proj.bias"),
            ("encoder.layers.0.self_attn.grep_a", "encoder.layers.0.attention.gru_rel_pos_const"),
            ("encoder.layers.3.self_attn_layer_norm.bias", "encoder.layers.3.layer_norm.bias"),
            ("encoder.layers.3.final_layer_norm.bias", "encoder.layers.3.final_layer_norm.bias"),
            ("encoder.layers.3.fc2.weight", "encoder.layers.3.feed_forward.output_dense.weight"),
        ] {
            assert_eq!(of_transformers(theirs), ours);
        }
    }

    #[test]
    fn what_stands_before_the_first_tensor_stands_before_all() {
        assert_eq!(prefix("feature_extractor.conv_layers.0.0.weight"), Some(""));
        let speaker = "feature_extract.model.feature_extractor.conv_layers.0.0.weight";
        assert_eq!(prefix(speaker), Some("feature_extract.model."));
        assert_eq!(prefix("my_feature_extractor.conv_layers.0.0.weight"), None);
        assert_eq!(prefix("feature_extractor.conv_layers.0.conv.weight"), None);
    }
}
