//! What is wrong with `config.json` and the files beside it.

/// What is wrong with the description of the model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// Another family of models.
    #[error("model_type is `{0}`, not `wavlm`; only WavLM checkpoints can be converted")]
    ModelType(String),
    /// `architectures` names a class without a counterpart here.
    #[error("architecture `{0}` is unknown; say which head to export with --task")]
    Architecture(String),
    /// An activation that the runtime cannot compute.
    #[error(
        "{key} is `{name}`; known are gelu, gelu_new and their other names, relu, selu, silu, swish and tanh"
    )]
    Activation {
        /// Key of `config.json`.
        key: &'static str,
        /// Value found.
        name: String,
    },
    /// A number that the head needs is null.
    #[error("{key} is null; this head needs a number from 0 on")]
    Null {
        /// The key.
        key: &'static str,
    },
    /// `feat_extract_norm` is neither of its two values.
    #[error("feat_extract_norm is `{0}`; known are group and layer")]
    StemNorm(String),
    /// More outputs than a file can describe.
    #[error("{key} is {found}; at most {max} can be exported")]
    TooMany {
        /// The key.
        key: &'static str,
        /// Value found.
        found: u32,
        /// Largest value.
        max: u64,
    },
    /// Lists that describe the same layers differ in length.
    #[error("{keys} have different lengths: {lengths:?}")]
    Uneven {
        /// The keys.
        keys: &'static str,
        /// Their lengths, in that order.
        lengths: [usize; 3],
    },
    /// Sizes that no model can have.
    #[error(transparent)]
    Impossible(#[from] wavlm_format::ConfigError),
    /// A head that transformers refuses to put behind an adapter.
    #[error("add_adapter is set, and a {0} head cannot follow an adapter")]
    Adapter(&'static str),
    /// `id2label` does not number its labels from 0.
    #[error("id2label has {count} labels but none numbered {missing}; expected 0, 1, 2, …")]
    Labels {
        /// Labels found.
        count: usize,
        /// First number missing.
        missing: usize,
    },
    /// A vocabulary for each of several languages.
    #[error("vocabularies of several languages; say which is wanted with --target-lang: {known}")]
    Languages {
        /// Their names.
        known: String,
    },
    /// A language that the vocabulary does not have.
    #[error("no language `{language}`; there are {known}")]
    NoLanguage {
        /// The language that was asked for.
        language: String,
        /// Those that there are.
        known: String,
    },
    /// A token without a number from 0 on.
    #[error("token `{text}` has no number from 0 on; expected {{\"token\": number, …}}")]
    Token {
        /// The token.
        text: String,
    },
    /// Weights for a language that are not there.
    #[error(
        "no weights for this language here; expected adapter.{language}.safetensors or adapter.{language}.bin"
    )]
    NoAdapter {
        /// The language.
        language: String,
    },
    /// Nothing says whether the waveform is to be normalised.
    #[error(
        "missing, so nobody knows whether to normalise the waveform; copy it from the checkpoint's \
         origin, or write {{\"do_normalize\": false}} for WavLM Base and Base+, true for Large"
    )]
    NoPreprocessor,
    /// Two files disagree on the waveform.
    #[error("disagrees with processor_config.json beside it on the waveform; remove the wrong one")]
    TwoPreprocessors,
    /// Audio at another rate.
    #[error("sampling_rate is {0}; only models of 16000 Hz can be converted")]
    SamplingRate(u32),
}
