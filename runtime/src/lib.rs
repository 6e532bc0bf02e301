//! WavLM on a device: a `.wlm` file becomes a tract-core graph of fused ops whose weights stay in the mapped file.
//!
//! Data flows one way, and the modules are listed in its order:
//!
//! ```text
//! frontend   sound of any kind -> 16 kHz mono
//! graph      header -> nodes: stem, projection, positional convolution, layers, heads
//! ops        what the nodes compute, in f32 or int8, over `wavlm-kernels`
//! session    a plan with its state: waveform in, named tensors out
//! tasks      what the tensors mean: words, speakers
//! ```
#![forbid(unsafe_code)]

pub mod frontend;
pub mod tasks;

mod engine;
mod error;
mod graph;
mod matrix;
mod model;
mod ops;
mod outputs;
mod scratch;
mod session;

pub use error::Error;
pub use model::Model;
pub use outputs::Outputs;
pub use session::{Session, SessionOptions};
