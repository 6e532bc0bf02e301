//! What is wrong with a head of s3prl.

/// Why a head that s3prl saved cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3prlProblem {
    /// A part of another network.
    #[error(
        "`{tensor}` is part of no head that can be converted: known are a mean over a projection, a linear layer over \
         frames, and x-vectors"
    )]
    Part {
        /// A tensor of it.
        tensor: String,
    },
    /// A layer that every head of its kind has.
    #[error("its head has no `{layer}`, by transformers' name for it")]
    Missing {
        /// The layer.
        layer: String,
    },
    /// A head where an encoder is needed.
    #[error("a head of s3prl without its encoder; give the encoder first: convert ENCODER --head {file}")]
    Alone {
        /// The file's name.
        file: String,
    },
}
