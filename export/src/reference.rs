//! What a written file is held against: an evaluation of the checkpoint that shares nothing with the runtime.

use ndarray::ArrayD;

/// The checkpoint's own answers.
pub trait Reference {
    /// What the checkpoint makes of samples in ±1 at 16 kHz. It need not give every output of the file; what it gives
    /// is compared.
    ///
    /// # Errors
    /// The samples are too few for the model.
    fn outputs(&self, samples: &[f32]) -> Result<Vec<Output>, ReferenceError>;
}

/// One output of one utterance, without batch dimension.
#[derive(Clone, Debug)]
pub struct Output {
    /// The head it is from; `None` for the encoder's own.
    pub head: Option<String>,
    /// The runtime's name for it, without the head's.
    pub name: String,
    /// Its values.
    pub values: ArrayD<f32>,
}

impl Output {
    /// Whether the model is there for it: what its heads give, or the last hidden state of a model that has none.
    pub fn is_result(&self, of_a_model_with_heads: bool) -> bool {
        self.head.is_some() || (!of_a_model_with_heads && self.name == "last_hidden_state")
    }
}

/// Why an utterance has no outputs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// A convolution has fewer frames before it than taps.
    #[error("{samples} samples are too short for this model: {layer} has {frames} frames for {taps} taps")]
    TooShort {
        /// Length of the utterance.
        samples: usize,
        /// The convolution.
        layer: String,
        /// Frames it is given.
        frames: usize,
        /// Frames it needs.
        taps: usize,
    },
}
