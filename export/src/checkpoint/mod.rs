//! Trained checkpoints as they are found: folders written by transformers' `save_pretrained`.
//!
//! Everything read here is data from elsewhere: it is checked, bounded, and never executed.

mod config_json;
mod error;
mod folder;
mod pickle;
mod safetensors;
mod tensors;
mod torch_zip;

pub use config_json::{ConfigJson, Task};
pub use error::{CheckpointError, ConfigProblem, Problem, SafetensorsProblem, TorchProblem};
pub use folder::Checkpoint;
pub use tensors::NamedTensors;
