//! Why a tensor cannot be used.

use thiserror::Error;

use crate::header::Packing;

/// A tensor is not there, not what the caller asks for, or holds values that kernels do not compute with.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum TensorError {
    /// No tensor has this name.
    #[error("model has no tensor {name}")]
    Missing {
        /// The name.
        name: String,
    },
    /// The tensor is stored in another packing.
    #[error("tensor {name} is {found:?}, expected {expected:?}")]
    Packing {
        /// The tensor.
        name: String,
        /// Packing asked for.
        expected: Packing,
        /// Packing of the file.
        found: Packing,
    },
    /// A scale is NaN, infinite or negative.
    #[error("tensor {name}: scale of row {row} is {value}, expected a finite number of at least 0")]
    Scale {
        /// The tensor.
        name: String,
        /// The padded row, counted over all groups.
        row: usize,
        /// The scale.
        value: f32,
    },
    /// An element is NaN or infinite.
    #[error("tensor {name}: element {at} is {value}, expected a finite number")]
    NonFinite {
        /// The tensor.
        name: String,
        /// Its place in row-major order.
        at: usize,
        /// The element.
        value: f32,
    },
    /// An int8 weight is -128, which the kernels' arithmetic excludes.
    #[error("tensor {name}: element {at} of the panels is -128, expected -127 to 127")]
    Weight {
        /// The tensor.
        name: String,
        /// Its place in the panels.
        at: usize,
    },
    /// Padding inside panels is not zero.
    #[error("tensor {name}: element {at} of the panels is padding and not 0")]
    PanelPadding {
        /// The tensor.
        name: String,
        /// Its place in the panels.
        at: usize,
    },
    /// A multiplier of int4 weights with which they would leave eight bits.
    #[error("tensor {name}: multiplier {at} is {value}, expected 0 to 15")]
    Multiplier {
        /// The tensor.
        name: String,
        /// Its place among the multipliers.
        at: usize,
        /// The multiplier.
        value: u8,
    },
    /// A stored sum is not the sum of its row.
    #[error("tensor {name}: sum of row {row} is {found}, expected {expected}")]
    Sum {
        /// The tensor.
        name: String,
        /// The padded row, counted over all groups.
        row: usize,
        /// The stored sum.
        found: i32,
        /// The sum of the row's elements.
        expected: i32,
    },
}

/// The tensors of a file do not hold what its header says.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A tensor was damaged.
    #[error("tensor {name}: checksum is {found:08x}, expected {expected:08x}: the file is damaged")]
    Checksum {
        /// The tensor.
        name: String,
        /// CRC-32 of its bytes.
        found: u32,
        /// The one in the table.
        expected: u32,
    },
    /// Padding between tensors is not zero.
    #[error("padding byte {at} is {found}, expected 0")]
    Padding {
        /// Offset in the file.
        at: u64,
        /// Its value.
        found: u8,
    },
    /// The bytes behind int8 panels are not zero.
    #[error("tensor {name}: byte {at} behind the panels is not 0")]
    PaddingBehindPanels {
        /// The tensor.
        name: String,
        /// Its place behind the last panel.
        at: usize,
    },
    /// A value is out of range.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}
