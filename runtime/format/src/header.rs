//! What the header of a `.wlm` file says: the model, its heads, where each tensor lies, and how the export went.

use serde::{Deserialize, Serialize};

use crate::config::{EncoderConfig, Head, Preprocessing};

/// The decoded header. See `SPEC.md`, section "Header".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Shape of the encoder.
    pub encoder: EncoderConfig,
    /// Tasks over the encoder; may be empty (base model).
    pub heads: Vec<Head>,
    /// How the waveform is prepared.
    pub preprocessing: Preprocessing,
    /// Arithmetic the weights were written for.
    pub precision: Precision,
    /// Every tensor, sorted by offset; names are unique.
    pub tensors: Vec<TensorEntry>,
    /// Agreement with the checkpoint, measured when the file was written.
    pub report: Option<ExportReport>,
    /// Licence of the weights, as SPDX expression or text.
    pub licence: String,
    /// Where the weights come from.
    pub source: String,
}

/// Arithmetic of the large products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precision {
    /// 8-bit weights and activations, 32-bit accumulation.
    Int8,
    /// Single precision, the reference.
    F32,
    /// As `Int8`, with the weights of linear layers in 4 bits, which are unpacked when they are used.
    Int4,
}

/// One tensor's place and layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorEntry {
    /// Canonical name, such as `layers.0.attention.qkv.weight`.
    pub name: String,
    /// Element type and arrangement.
    pub packing: Packing,
    /// Logical shape, before padding: `[groups, rows, columns]` for matrices, any for dense tensors.
    pub shape: Vec<u64>,
    /// First byte, from the start of the file; a multiple of [`ALIGNMENT`](crate::ALIGNMENT).
    pub offset: u64,
    /// Bytes, equal to what packing and shape imply.
    pub length: u64,
    /// CRC-32 (IEEE) of those bytes.
    pub crc32: u32,
}

/// Element type and arrangement of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Packing {
    /// Little-endian f32 in row-major order.
    DenseF32,
    /// f32 matrices for the f32 tiles: per group `[N/16][K][16]`, N padded with zeros.
    PanelsF32,
    /// int8 matrices, P4: per group `[N/16][K/4][16][4]`, N and K padded with zeros to 16;
    /// then 256 bytes of zeros, one f32 scale per padded row, one i32 sum per padded row.
    PanelsI8,
    /// int4 matrices: per group `[N/16][K/32][4][64]` bytes of two codes each, N and K padded; then per group
    /// `[N/16][K/32][16]` multipliers, one f32 scale per padded row, one i32 sum per padded row.
    PanelsI4,
}

/// Agreement of the file with its checkpoint, over the calibration audio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportReport {
    /// Seconds of audio compared.
    pub seconds: f32,
    /// One line per compared tensor.
    pub tensors: Vec<Agreement>,
}

/// How close one output is to the f32 evaluation of the checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Output name, such as `hidden_states.3` or `words.logits`.
    pub tensor: String,
    /// Smallest cosine over the utterances.
    pub cosine: f32,
    /// Largest absolute difference.
    pub max_abs: f32,
    /// `max_abs` relative to the largest absolute value of the tensor.
    pub max_rel: f32,
}
