//! The one form that every checkpoint is brought into: f32 tensors under canonical names, in the order in which
//! the forward pass reads them. Quantiser, writer and oracle know this form alone.

mod merge;
mod read;
mod tensors;

use std::fmt;

use wavlm_format::{EncoderConfig, Head, Preprocessing};

pub use merge::MergeError;
pub use tensors::{CanonicalTensor, CanonicalTensors, Storage};

/// A whole model in f32.
#[derive(Clone, Debug)]
pub struct CanonicalModel {
    /// Shape of the encoder.
    pub encoder: EncoderConfig,
    /// Tasks over the encoder.
    pub heads: Vec<Head>,
    /// How the waveform is prepared.
    pub preprocessing: Preprocessing,
    /// The weights.
    pub tensors: CanonicalTensors,
}

/// Why a checkpoint's tensors do not make the model that its configuration describes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// A tensor is missing.
    #[error("tensor `{tensor}` is missing; expected shape {expected}")]
    Missing {
        /// Name in the checkpoint.
        tensor: String,
        /// Shape it should have.
        expected: Shape,
    },
    /// A tensor has another shape than the configuration implies.
    #[error("tensor `{tensor}` has shape {found}; expected {expected}")]
    Shape {
        /// Name in the checkpoint.
        tensor: String,
        /// Shape it should have.
        expected: Shape,
        /// Shape it has.
        found: Shape,
    },
    /// A weight is stored as something else than floating-point numbers.
    #[error("tensor `{tensor}` holds {found} numbers; expected f32, f16 or bf16")]
    Type {
        /// Name in the checkpoint.
        tensor: String,
        /// Type it has.
        found: String,
    },
    /// A weight is not a number, or infinite; so would be every output.
    #[error("tensor `{tensor}` holds a value that is not finite; the checkpoint is damaged")]
    NonFinite {
        /// Name in the checkpoint.
        tensor: String,
    },
}

/// A shape, printed as Python prints tuples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> = self.0.iter().map(usize::to_string).collect();
        write!(f, "({})", sizes.join(", "))
    }
}
