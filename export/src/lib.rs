//! Turns a trained WavLM checkpoint into one `.wlm` file, and proves that the file still computes the same.
//!
//! The way of a model: [`checkpoint`] reads what transformers saved; [`canonical`] brings it into one set of named f32
//! tensors; quantiser and writer make the file; [`oracle`] evaluates the f32 tensors independently of the runtime, and
//! the two are compared on audio before anything is left on disk.

#![deny(unsafe_code)]

pub mod canonical;
pub mod checkpoint;
pub mod oracle;
