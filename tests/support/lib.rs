//! What the whole-program tests share: golden cases, checkpoints made from them, and running our programs, natively or emulated.
#![forbid(unsafe_code)]

mod checkpoint;
mod conversion;
mod golden;
mod kernels;
mod program;
mod room;
mod tensors;

pub use checkpoint::{CheckpointCopy, Tensors, write_safetensors, write_torch};
pub use conversion::{assert_same, model_as, model_of, read_checkpoint};
pub use golden::{Case, cases};
pub use kernels::tables;
pub use program::{Background, Finished, Program, repository};
pub use room::Room;
pub use tensors::read as read_tensors;
