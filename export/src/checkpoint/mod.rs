//! Trained checkpoints as they are found: folders written by transformers' `save_pretrained`, files of WavLM's authors, ONNX
//! graphs.
//!
//! Everything read here is data from elsewhere: it is checked, bounded, and never executed.

mod authors;
mod config_json;
mod error;
mod folder;
mod graph_file;
mod json;
pub(crate) mod names;
#[cfg(feature = "onnx")]
pub(crate) mod onnx;
mod peft;
mod prefixes;
mod pruned;
mod s3prl;
mod safetensors;
mod shards;
mod source;
mod tensors;
mod tokenizer;
mod torch;
mod weights;

pub use config_json::{ConfigJson, Task};
pub use error::{
    AdapterProblem, AuthorsProblem, CheckpointError, ConfigProblem, OnnxProblem, Problem, PrunedProblem,
    S3prlProblem, SafetensorsProblem, ShardProblem, SourceProblem, TorchProblem,
};
pub use folder::{Checkpoint, Wanted};
pub use graph_file::OnnxFile;
pub use s3prl::HeadCheckpoint;
pub use tensors::NamedTensors;
pub(crate) use tensors::same_bits;
