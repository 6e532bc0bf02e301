//! What can be wrong with a model file. Each message is one line that says where, what was found and what was expected.
//!
//! A message includes that of its cause, so that printing an error prints all of it; `source` is left empty.

mod config;
mod open;
mod tensor;
mod write;

pub use config::ConfigError;
pub use open::{FormatError, OpenError};
pub use tensor::{TensorError, VerifyError};
pub use write::WriteError;
