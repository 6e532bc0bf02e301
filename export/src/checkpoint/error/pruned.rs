//! What is wrong with a file of a pruned model.

/// Why a file with torchaudio's names, as pruning leaves it, cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrunedProblem {
    /// A relative of WavLM.
    #[error(
        "its `config` has no `encoder_remaining_heads`, so it is a HuBERT or a wav2vec 2.0; only WavLM can be converted"
    )]
    NotWavLm,
    /// A key is missing, or has the wrong type.
    #[error("its `config` is not that of a pruned WavLM: {0}")]
    Config(#[source] serde_json::Error),
    /// A list that does not have an entry for each layer.
    #[error("`{key}` has {found} entries for {layers} layers; expected one for each")]
    Layers {
        /// The key.
        key: &'static str,
        /// Its entries.
        found: usize,
        /// Layers there are.
        layers: usize,
    },
    /// Layers of which pruning began with different heads.
    #[error("`encoder_total_num_heads` differs from layer to layer; every WavLM has as many in all of them")]
    Heads,
    /// Another stem.
    #[error("`extractor_mode` is `{0}`; known are group_norm and layer_norm")]
    Mode(String),
}
