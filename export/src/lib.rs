//! Turns a trained WavLM checkpoint into one `.wlm` file, and proves that the file still computes the same.
//!
//! The way of a model: [`checkpoint`] reads what transformers, WavLM's authors or an exporter of ONNX saved; [`canonical`]
//! brings it into one set of named f32 tensors, and [`original`] runs a graph of ONNX to see that they compute the same;
//! [`quantise`] and [`mod@file`] make the file; [`oracle`] evaluates the f32 tensors independently of the runtime:
//! it is the [`mod@reference`] with which [`verify`] compares the file on recordings, before anything is left on disk.
//! [`convert`] does all of it.

#![deny(unsafe_code)]

pub mod agreement;
pub mod audio;
pub mod background;
pub mod canonical;
pub mod checkpoint;
pub mod convert;
pub mod evaluate;
pub mod extent;
pub mod file;
pub mod metrics;
pub mod oracle;
#[cfg(feature = "onnx")]
pub mod original;
pub mod progress;
pub mod quantise;
pub mod reference;
mod relative_positions;
pub mod report;
pub mod synth;
pub mod verify;
pub mod work;
