//! `cfg`: the settings of unilm's `WavLMConfig`, with its defaults, as transformers' `WavLMConfig`.

use serde::Deserialize;

use crate::checkpoint::config_json::ConfigJson;
use crate::checkpoint::error::AuthorsProblem;

/// Most convolutions that a stem is read to have.
const MAX_LAYERS: usize = 64;

/// The settings that the forward pass reads; the names are the authors'.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub extractor_mode: String,
    pub encoder_layers: u32,
    pub encoder_embed_dim: u32,
    pub encoder_ffn_embed_dim: u32,
    pub encoder_attention_heads: u32,
    pub activation_fn: String,
    pub layer_norm_first: bool,
    pub conv_feature_layers: String,
    pub conv_bias: bool,
    /// Zero mean and unit variance for the waveform.
    pub normalize: bool,
    pub conv_pos: u32,
    pub conv_pos_groups: u32,
    pub relative_position_embedding: bool,
    pub num_buckets: u32,
    pub max_distance: u32,
    pub gru_rel_pos: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            extractor_mode: "default".to_owned(),
            encoder_layers: 12,
            encoder_embed_dim: 768,
            encoder_ffn_embed_dim: 3072,
            encoder_attention_heads: 12,
            activation_fn: "gelu".to_owned(),
            layer_norm_first: false,
            conv_feature_layers: "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2".to_owned(),
            conv_bias: false,
            normalize: false,
            conv_pos: 128,
            conv_pos_groups: 16,
            relative_position_embedding: false,
            num_buckets: 320,
            max_distance: 1280,
            gru_rel_pos: false,
        }
    }
}

impl Settings {
    /// The same model as transformers describes it.
    pub fn config(&self) -> Result<ConfigJson, AuthorsProblem> {
        let other = |key, found: &dyn ToString, expected| {
            Err(AuthorsProblem::Other { key, found: found.to_string(), expected })
        };
        if !self.relative_position_embedding {
            return other("relative_position_embedding", &false, "true");
        }
        if !self.gru_rel_pos {
            return other("gru_rel_pos", &false, "true");
        }
        let feat_extract_norm = match self.extractor_mode.as_str() {
            "default" => "group",
            "layer_norm" => "layer",
            mode => return other("extractor_mode", &mode, "default and layer_norm"),
        };
        let stem = stem(&self.conv_feature_layers)
            .ok_or_else(|| AuthorsProblem::Stem(self.conv_feature_layers.chars().take(80).collect()))?;
        Ok(ConfigJson {
            conv_bias: self.conv_bias,
            feat_extract_norm: feat_extract_norm.to_owned(),
            hidden_size: self.encoder_embed_dim,
            num_hidden_layers: self.encoder_layers,
            num_attention_heads: self.encoder_attention_heads,
            intermediate_size: self.encoder_ffn_embed_dim,
            hidden_act: self.activation_fn.clone(),
            num_conv_pos_embeddings: self.conv_pos,
            num_conv_pos_embedding_groups: self.conv_pos_groups,
            num_buckets: self.num_buckets,
            max_bucket_distance: self.max_distance,
            do_stable_layer_norm: self.layer_norm_first,
            ..ConfigJson::of_stem(&stem)
        })
    }
}

/// Channels, taps and stride of every convolution, from the Python expression that tells them: lists of tuples, repeated and
/// joined. `None` if it is anything else.
fn stem(expression: &str) -> Option<Vec<[u32; 3]>> {
    let expression: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    let mut layers = Vec::new();
    for term in expression.split('+') {
        let (list, times) = match term.split_once('*') {
            Some((list, times)) => (list, times.parse::<usize>().ok()?),
            None => (term, 1),
        };
        let list = list.strip_prefix("[(")?.strip_suffix("]")?.trim_end_matches(',').strip_suffix(')')?;
        let tuples: Option<Vec<[u32; 3]>> = list.split("),(").map(tuple).collect();
        let tuples = tuples?;
        if tuples.len().checked_mul(times)?.checked_add(layers.len())? > MAX_LAYERS {
            return None;
        }
        (0..times).for_each(|_| layers.extend_from_slice(&tuples));
    }
    Some(layers)
}

fn tuple(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text.split(',').map(|number| number.parse().ok());
    let tuple = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(tuple)
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn the_stem_is_read_from_its_expression() {
        let layers = stem("[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2").unwrap_or_default();
        let kernels: Vec<u32> = layers.iter().map(|&[_, kernel, _]| kernel).collect();
        assert_eq!(kernels, [10, 3, 3, 3, 3, 2, 2]);
        assert_eq!(stem("[(8, 4, 2), (16, 3, 1)]"), Some(vec![[8, 4, 2], [16, 3, 1]]));
        for other in ["", "[]", "[(1,2)]", "[(1,2,3)] * 1000000000000", "__import__('os')", "[(1,2,3)] * -1"]
        {
            assert_eq!(stem(other), None, "{other}");
        }
    }
}
