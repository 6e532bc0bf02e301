//! What can go wrong between a model file and its outputs.

use wavlm_format::{FormatError, OpenError, TensorError};

/// Failures of opening a model or running it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not a usable `.wlm`.
    #[error(transparent)]
    Open(Box<OpenError>),
    /// The bytes in memory are not a usable `.wlm`.
    #[error(transparent)]
    Format(Box<FormatError>),
    /// A tensor holds values that no product computes with: a scale or an element that is not finite. The file is damaged.
    #[error(transparent)]
    Tensor(Box<TensorError>),
    /// A head was asked for that the file does not have.
    #[error("the model has no head named {name:?}; it has {known}")]
    NoHead {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Fewer samples than one output needs.
    #[error("{samples} samples are too few: the model needs at least {needed}")]
    TooShort {
        /// Samples given.
        samples: usize,
        /// Samples needed.
        needed: usize,
    },
    /// A sample is NaN or infinite.
    #[error("sample {at} is not a finite number")]
    NonFinite {
        /// Index of the first such sample; in a batch, rows count one after another.
        at: usize,
    },
    /// Lengths and batch do not fit each other, or the session was not built for lengths.
    #[error("batch lengths: {reason}")]
    Lengths {
        /// What does not fit.
        reason: String,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// The system's words.
        reason: String,
    },
    /// The graph engine refused the graph or failed while running it.
    #[error("graph: {0}")]
    Graph(String),
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Error {
        Error::Open(Box::new(error))
    }
}

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Error {
        Error::Format(Box::new(error))
    }
}

impl From<TensorError> for Error {
    fn from(error: TensorError) -> Error {
        Error::Tensor(Box::new(error))
    }
}

impl From<tract_core::internal::TractError> for Error {
    fn from(error: tract_core::internal::TractError) -> Error {
        Error::Graph(format!("{error:#}"))
    }
}
