//! What the whole-program tests share: golden cases, closeness, and running our programs, natively or emulated.
#![forbid(unsafe_code)]

mod closeness;
mod conversion;
mod golden;
mod program;

pub use closeness::{Closeness, closeness};
pub use conversion::model_of;
pub use golden::{Case, cases};
pub use program::{Finished, Program, repository};
