//! Why a checkpoint's tensors do not make the model that its configuration describes.

use std::fmt;

/// What is wrong with the tensors. Names are those of the checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// A tensor is missing.
    #[error("tensor `{tensor}` is missing; expected shape {expected}")]
    Missing {
        /// Its name.
        tensor: String,
        /// Shape it should have.
        expected: Shape,
    },
    /// Nothing that a WavLM is made of.
    #[error("these are no weights of a WavLM as transformers names them{}", such_as(example))]
    Foreign {
        /// A tensor that is there instead.
        example: Option<String>,
    },
    /// A tensor has another shape than the configuration implies.
    #[error("tensor `{tensor}` has shape {found}; expected {expected}")]
    Shape {
        /// Its name.
        tensor: String,
        /// Shape it should have.
        expected: Shape,
        /// Shape it has.
        found: Shape,
    },
    /// A weight is stored as something else than floating-point numbers.
    #[error("tensor `{tensor}` holds {found} numbers; expected f32, f16 or bf16")]
    Type {
        /// Its name.
        tensor: String,
        /// Type it has.
        found: String,
    },
    /// A weight is not a number, or infinite; so would be every output.
    #[error("tensor `{tensor}` holds a value that is not finite; the checkpoint is damaged")]
    NonFinite {
        /// Its name.
        tensor: String,
    },
    /// One weight is there twice, in spellings of two releases of torch, with different values.
    #[error("`{first}` and `{second}` spell the same weight and differ; remove the wrong one")]
    TwoSpellings {
        /// One spelling.
        first: String,
        /// The other.
        second: String,
    },
    /// A head's weights, though the configuration does not name the head.
    #[error(
        "tensor `{tensor}` belongs to a head that config.json does not name; say which is wanted with --task: \
         {tasks}, or none to leave it out"
    )]
    Head {
        /// Its name.
        tensor: String,
        /// The tasks that have such a tensor.
        tasks: &'static str,
    },
    /// A tensor that would have changed the answers.
    #[error(
        "tensor `{tensor}`{} is not part of the model that config.json describes; left out, it would change the answers",
        and_more(*others)
    )]
    Unread {
        /// Its name.
        tensor: String,
        /// How many others there are.
        others: usize,
    },
    /// No model has this configuration.
    #[error(transparent)]
    Config(#[from] wavlm_format::ConfigError),
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

fn such_as(example: &Option<String>) -> String {
    match example {
        Some(example) => format!("; they are called, for example, `{example}`"),
        None => "; the file is empty".to_owned(),
    }
}

fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    }
}
