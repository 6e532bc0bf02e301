//! Named tensors as a checkpoint's files give them, widened to f32.

use std::collections::BTreeMap;

use half::{bf16, f16};
use ndarray::ArrayD;

/// Every tensor of a checkpoint under the name its file gives it.
#[derive(Debug, Default)]
pub struct NamedTensors {
    /// Tensors of floating-point numbers, as f32.
    pub floats: BTreeMap<String, ArrayD<f32>>,
    /// Tensors of any other type, which no WavLM needs: name and type.
    pub others: BTreeMap<String, String>,
}

/// Floating-point types that weights are stored in; all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Float {
    F16,
    Bf16,
    F32,
    F64,
}

impl Float {
    /// Bytes of one number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Widens (for f64: rounds) whole numbers; bytes short of one at the end are left out.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
            Self::Bf16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
            Self::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Self::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        }
    }
}
