//! WavLM on a device: a `.wlm` file becomes a tract-core graph of fused ops whose weights stay in the mapped file.
//!
//! This crate alone is enough to spot keywords, tell voices apart, or take hidden states out of a model; what other
//! crates name in its interface is re-exported here. `runtime/examples/` has a program for each.
//!
//! ```
//! use wavlm_runtime::{Model, SessionOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default.wlm"))?;
//! let model = Model::from_bytes(bytes)?; // or `Model::open(path)`, which maps the file
//! let options = SessionOptions { heads: Some(vec!["words".to_owned()]), ..SessionOptions::default() };
//! let mut session = model.session(&options)?;
//! let outputs = session.run(&[0.0; 16_000])?; // a second of silence, 16 kHz, full scale ±1
//! let logits = outputs.get("words.logits").ok_or("no such output")?;
//! assert_eq!(logits.shape(), [12]);
//! # Ok(())
//! # }
//! ```
//!
//! Data flows one way, and the modules are listed in its order:
//!
//! ```text
//! frontend   sound of any kind -> 16 kHz mono
//! graph      header -> nodes: stem, projection, positional convolution, layers, heads
//! ops        what the nodes compute, in f32 or int8, over `wavlm-kernels`
//! session    a plan with its state: waveform in, named tensors out
//! windows    the same for windows that slide over a sound and share its frames
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
mod plan;
mod scratch;
mod session;
mod windows;

/// Arrays, as sessions take and give them.
pub use ndarray;
/// The model file: its header in full, its reader and its writer.
pub use wavlm_format as format;
pub use wavlm_format::{Decision, Head, HeadKind, Header, ModelFile};
pub use wavlm_kernels::{CoreKind, KernelError, Kernels};

pub use error::Error;
pub use model::Model;
pub use outputs::Outputs;
pub use session::{Session, SessionOptions};
pub use windows::{SharedFrames, WindowSession};
