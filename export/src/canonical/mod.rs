//! The one form that every checkpoint is brought into: f32 tensors under the names, in the shapes and in the order of
//! the file's [schema](wavlm_format::schema). Quantiser, writer and oracle know this form alone.

mod build;
mod cut;
mod error;
mod labels;
mod merge;
mod model;
mod tensors;

pub use cut::CutError;
pub use error::{CanonicalError, Shape};
pub use labels::LabelsError;
pub use merge::MergeError;
pub use model::CanonicalModel;
pub use tensors::{CanonicalTensor, CanonicalTensors};
