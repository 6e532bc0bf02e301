//! Which tensors a model has, and what comes out of it: the one place that knows their names, roles and shapes.
//!
//! A [`Schema`] follows from a configuration. It is a tree that mirrors the model (`encoder.layers[0].attention.qkv`),
//! whose leaves are places in one list of tensors, in the order of the forward pass. Opening and writing hold a file's
//! table against that list; the runtime's graph and the exporter walk the tree. `SPEC.md`, sections "Tensors" and
//! "Outputs", says the same in words, and a test compares the two.

mod check;
mod encoder;
mod heads;
mod list;
mod outputs;
mod tree;

pub(crate) use check::check;
pub use encoder::{Adapter, Attention, AttentionWeights, Encoder, FeedForward, Layer, Projection, StemLayer};
pub use heads::{HeadLayers, HeadTensors, TdnnLayer};
pub use list::{Affine, Norm, Role, TensorId, TensorSpec};
pub use outputs::{BaseOutputs, Dim, HeadOutputs, OutputSpec};
pub use tree::Schema;
