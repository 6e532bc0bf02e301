//! Trained checkpoints as they are found.
//!
//! ```text
//! open          a path -> a checkpoint, by who wrote it
//! source        where the parts of it lie
//! transformers  a folder of `save_pretrained`; peft: an adapter over it
//! authors       a file of WavLM's authors, or of a program around theirs
//! pruned        a file of a model that was pruned layer by layer
//! onnx          a graph
//! s3prl         a head without its encoder
//! config_json   the model in the words of transformers, which all of them come to; tokenizer: its tokens
//! weights       tensors by name, out of torch's files and safetensors, whole or in shards
//! ```
//!
//! Everything read here is data from elsewhere: it is checked, bounded, and never executed.

mod authors;
mod config_json;
mod error;
mod graph_file;
mod json;
mod json_files;
mod model;
pub(crate) mod names;
#[cfg(feature = "onnx")]
pub(crate) mod onnx;
mod open;
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
mod transformers;
mod weights;

pub use config_json::{ConfigJson, Task};
pub use error::{
    AdapterProblem, AuthorsProblem, CheckpointError, ConfigProblem, OnnxProblem, Problem, PrunedProblem,
    S3prlProblem, SafetensorsProblem, ShardProblem, SourceProblem, TorchProblem,
};
pub use graph_file::OnnxFile;
pub use model::{Checkpoint, Wanted};
pub use open::Opened;
pub use s3prl::HeadCheckpoint;
pub use tensors::NamedTensors;
pub(crate) use tensors::same_bits;
