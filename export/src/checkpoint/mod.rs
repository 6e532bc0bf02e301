//! Trained checkpoints as they are found: folders written by transformers' `save_pretrained`.
//!
//! Everything read here is data from elsewhere: it is checked, bounded, and never executed.

mod config_json;
mod error;
mod folder;
mod json;
pub(crate) mod names;
mod peft;
mod pickle;
mod prefixes;
mod safetensors;
mod shards;
mod source;
mod tensors;
mod torch_zip;
mod weights;

pub use config_json::{ConfigJson, Task};
pub use error::{
    AdapterProblem, CheckpointError, ConfigProblem, Problem, SafetensorsProblem, ShardProblem, SourceProblem,
    TorchProblem,
};
pub use folder::Checkpoint;
pub use tensors::NamedTensors;
pub(crate) use tensors::same_bits;
