//! Trained checkpoints as they are found: folders written by transformers' `save_pretrained`, files of WavLM's authors, ONNX
//! graphs.
//!
//! Everything read here is data from elsewhere: it is checked, bounded, and never executed.

mod authors;
mod config_json;
mod error;
mod folder;
mod json;
pub(crate) mod names;
pub(crate) mod onnx;
mod peft;
mod prefixes;
mod safetensors;
mod shards;
mod source;
mod tensors;
mod tokenizer;
mod torch;
mod weights;

pub use config_json::{ConfigJson, Task};
pub use error::{
    AdapterProblem, AuthorsProblem, CheckpointError, ConfigProblem, OnnxProblem, Problem, SafetensorsProblem,
    ShardProblem, SourceProblem, TorchProblem,
};
pub use folder::{Checkpoint, Wanted};
pub use onnx::OnnxFile;
pub use tensors::NamedTensors;
pub(crate) use tensors::same_bits;
