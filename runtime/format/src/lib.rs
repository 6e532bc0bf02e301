//! The `.wlm` model file: one mapped file holds a WavLM encoder, its heads and their weights, ready for the kernels.
//!
//! [`ModelFile`] reads, [`Writer`] writes, [`Header`] says what a file holds. The bytes are specified in `SPEC.md`,
//! beside this crate's `Cargo.toml`. Everything a header claims is checked when the file is opened; what these types
//! hand out afterwards can be trusted without further checks.

#![deny(unsafe_code)]

#[cfg(target_endian = "big")]
compile_error!("tensors are read in place and stored little-endian; big-endian targets would need a copy");

mod aligned;
mod atomic;
mod config;
mod error;
mod file;
mod geometry;
mod header;
mod layout;
pub mod limits;
#[allow(unsafe_code, reason = "the one place where a file becomes memory")]
mod map;
mod older;
mod packing;
mod parse;
pub mod schema;
mod table;
mod tensor;
mod validate;
mod values;
mod verify;
mod views;
mod writer;

pub use aligned::Aligned;
pub use atomic::{Destination, Readers, write_atomically};
pub use config::{
    Activation, AdapterConfig, Confirmation, ConvShape, Decision, EncoderConfig, Head, HeadKind, LayerShape,
    Preprocessing, StemNorm, TdnnShape,
};
pub use error::{ConfigError, FormatError, OpenError, TensorError, VerifyError, WriteError};
pub use file::ModelFile;
pub use header::{Agreement, ExportReport, Header, Packing, Precision, TensorEntry};
pub use layout::{ALIGNMENT, FIRST_TENSOR, MAGIC, OLDEST_VERSION, PREFIX, VERSION};
pub use packing::{COLUMN_STEP, PANEL_ROWS, ShapeError};
pub use schema::{Role, Schema, TensorSpec};
pub use tensor::TensorRef;
pub use views::{PanelsF32View, PanelsI4View, PanelsI8View};
pub use writer::{Writer, planned_length};
