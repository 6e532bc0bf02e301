//! How many bytes a packed tensor takes: the formulas of `SPEC.md`, section "Packings", in checked arithmetic.

use thiserror::Error;

use crate::header::Packing;
use crate::limits::MAX_RANK;

/// Rows of a panel, which is what one step of a kernel computes; row counts are padded to a multiple of it.
pub const PANEL_ROWS: u64 = 16;

/// int8 matrices are padded to a multiple of this many columns.
pub const COLUMN_STEP: u64 = 16;

/// Columns of a row of an int4 matrix that share a multiplier; its matrices are padded to a multiple of it.
pub const GROUP_I4: u64 = 32;

/// Zero bytes behind the panels of an int8 matrix.
pub(crate) const PADDING_BEHIND_PANELS: u64 = 256;

const F32: u64 = 4;
const I32: u64 = 4;

/// Why a shape does not fit a packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// Too many dimensions, none, or not three where a matrix is meant.
    #[error("{found} dimensions, expected {expected}")]
    Rank {
        /// Dimensions of the shape.
        found: usize,
        /// What the packing asks for.
        expected: &'static str,
    },
    /// A dimension is zero.
    #[error("dimension {axis} is zero")]
    Zero {
        /// Which one.
        axis: usize,
    },
    /// The length in bytes does not fit 64 bits.
    #[error("length does not fit 64 bits")]
    Overflow,
}

/// Rows of all groups and elements of all panels, padding included, of a matrix of `[groups, rows, columns]` whose
/// columns are padded to a multiple of `column_step`.
fn padded(shape: &[u64], column_step: u64) -> Result<(u64, u64), ShapeError> {
    let &[groups, rows, columns] = shape else {
        return Err(ShapeError::Rank { found: shape.len(), expected: "3: groups, rows, columns" });
    };
    no_zero(shape)?;
    let rows = rows.checked_next_multiple_of(PANEL_ROWS).and_then(|n| n.checked_mul(groups));
    let columns = columns.checked_next_multiple_of(column_step);
    let sizes = rows.zip(columns).and_then(|(n, k)| Some((n, n.checked_mul(k)?)));
    sizes.ok_or(ShapeError::Overflow)
}

impl Packing {
    /// Bytes of a tensor of this packing and logical shape; `None` where [`Packing::checked_length`] refuses.
    pub fn byte_length(self, shape: &[u64]) -> Option<u64> {
        self.checked_length(shape).ok()
    }

    /// Bytes of a tensor of this packing and logical shape, or what is wrong with the shape.
    pub fn checked_length(self, shape: &[u64]) -> Result<u64, ShapeError> {
        match self {
            Packing::DenseF32 => {
                if shape.is_empty() || shape.len() > MAX_RANK {
                    return Err(ShapeError::Rank { found: shape.len(), expected: "1 to 8" });
                }
                no_zero(shape)?;
                shape.iter().try_fold(F32, |bytes, &n| bytes.checked_mul(n))
            }
            Packing::PanelsF32 => padded(shape, 1)?.1.checked_mul(F32),
            Packing::PanelsI4 => {
                let (rows, elements) = padded(shape, GROUP_I4)?;
                let per_row = rows.checked_mul(F32 + I32);
                per_row.and_then(|bytes| bytes.checked_add(elements / 2)?.checked_add(elements / GROUP_I4))
            }
            Packing::PanelsI8 => {
                let (rows, elements) = padded(shape, COLUMN_STEP)?;
                let per_row = rows.checked_mul(F32 + I32);
                per_row.and_then(|bytes| bytes.checked_add(elements)?.checked_add(PADDING_BEHIND_PANELS))
            }
        }
        .ok_or(ShapeError::Overflow)
    }
}

fn no_zero(shape: &[u64]) -> Result<(), ShapeError> {
    match shape.iter().position(|&n| n == 0) {
        Some(axis) => Err(ShapeError::Zero { axis }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_the_specification() {
        assert_eq!(Packing::DenseF32.byte_length(&[7]), Some(28));
        assert_eq!(Packing::DenseF32.byte_length(&[320, 12]), Some(320 * 12 * 4));
        assert_eq!(Packing::PanelsF32.byte_length(&[2, 17, 5]), Some(2 * 32 * 5 * 4));
        assert_eq!(Packing::PanelsI8.byte_length(&[2, 17, 5]), Some(2 * 32 * 16 + 256 + 2 * 32 * 8));
        assert_eq!(Packing::PanelsI8.byte_length(&[1, 768, 768]), Some(768 * 768 + 256 + 768 * 8));
        assert_eq!(Packing::PanelsI4.byte_length(&[2, 17, 33]), Some(2 * 32 * (64 / 2 + 64 / 32 + 8)));
    }

    #[test]
    fn impossible_shapes_are_told_apart() {
        let rank = |found, expected| Err(ShapeError::Rank { found, expected });
        assert_eq!(Packing::DenseF32.checked_length(&[]), rank(0, "1 to 8"));
        assert_eq!(Packing::DenseF32.checked_length(&[1; 9]), rank(9, "1 to 8"));
        for packing in [Packing::PanelsF32, Packing::PanelsI8, Packing::PanelsI4] {
            assert_eq!(packing.checked_length(&[4, 4]), rank(2, "3: groups, rows, columns"));
            assert_eq!(packing.checked_length(&[1, 0, 4]), Err(ShapeError::Zero { axis: 1 }));
            for huge in [[1, u64::MAX, 1], [1, 1, u64::MAX], [1 << 40, 1 << 20, 16], [u64::MAX, 1, 1]] {
                assert_eq!(packing.checked_length(&huge), Err(ShapeError::Overflow), "{packing:?} {huge:?}");
            }
        }
        assert_eq!(Packing::DenseF32.checked_length(&[u64::MAX, 2]), Err(ShapeError::Overflow));
        // The panels alone fit 64 bits; panels and scales together do not.
        assert_eq!(Packing::PanelsI8.checked_length(&[1, 1 << 60, 15]), Err(ShapeError::Overflow));
    }
}
