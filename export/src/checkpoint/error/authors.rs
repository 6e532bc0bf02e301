//! What is wrong with a file of WavLM's authors.

/// Why a file of WavLM's authors, or of a program around their model, cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorsProblem {
    /// A setting has the wrong type.
    #[error("its `cfg` is not what WavLM's authors write: {0}")]
    Settings(#[source] serde_json::Error),
    /// The stem's layers are not told as they tell them.
    #[error("`conv_feature_layers` is `{0}`; expected a list such as `[(512,10,5)] + [(512,3,2)] * 4`")]
    Stem(String),
    /// A value that makes another model.
    #[error("`{key}` is `{found}`, which makes another model than WavLM; only {expected} can be converted")]
    Other {
        /// The setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// Values that can be converted.
        expected: &'static str,
    },
    /// Without settings, the tensors alone do not tell the model.
    #[error("it has no `cfg`, and its tensors do not tell {what}; save it as {{\"cfg\": …, \"model\": …}}")]
    Untold {
        /// What they do not tell.
        what: &'static str,
    },
    /// Two encoders in one file.
    #[error("two encoders in one file, `{first}` and `{second}`; save the state dict of one of them")]
    TwoEncoders {
        /// What the names of the first begin with.
        first: String,
        /// What those of the second begin with.
        second: String,
    },
}
