//! A second opinion: the forward pass of WavLM in plain f32, written down from the canonical tensors as directly
//! as it can be. It shares no arithmetic with the runtime, so that an error would have to be made twice to pass.
//! Whole utterances, full attention matrices, every intermediate kept: it is made to be right, not to be small.

mod arithmetic;
mod encoder;
mod evaluate;
mod heads;
mod layers;
mod stem;

pub use evaluate::Outputs;
pub(crate) use evaluate::prepare;
pub use layers::{Oracle, Watcher};
