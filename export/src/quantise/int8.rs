//! f32 matrices to int8: symmetric, one scale per output row.

use ndarray::ArrayView2;

/// Largest code. −128 is left out, so that the range is symmetric and sums of two products fit the kernels' 16 bits.
const LARGEST: f32 = 127.0;

/// A matrix whose rows are `codes * scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// Row-major, in ±127.
    pub codes: Vec<i8>,
    /// One per row; 0 for a row of zeros.
    pub scales: Vec<f32>,
}

/// Rounds every row to 255 levels: its largest magnitude becomes ±127, ties go to even.
/// The values must be finite.
pub fn quantise_rows(matrix: ArrayView2<'_, f32>) -> Quantised {
    let mut codes = Vec::with_capacity(matrix.len());
    let mut scales = Vec::with_capacity(matrix.nrows());
    for row in matrix.rows() {
        let largest = row.fold(0.0_f32, |largest, w| largest.max(w.abs()));
        let scale = largest / LARGEST;
        // Below the smallest normal number there is no precision left to quantise, and its inverse overflows.
        let scale = if scale < f32::MIN_POSITIVE { 0.0 } else { scale };
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        codes.extend(row.iter().map(|w| (w * inverse).round_ties_even().clamp(-LARGEST, LARGEST) as i8));
        scales.push(scale);
    }
    Quantised { codes, scales }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn rows_have_their_own_scale() {
        let quantised =
            quantise_rows(array![[1.27, -0.635, 0.0], [0.0, 0.0, 0.0], [-254.0, 2.0, 1.0]].view());
        assert_eq!(quantised.codes, [127, -64, 0, 0, 0, 0, -127, 1, 0]);
        assert_eq!(quantised.scales, [0.01, 0.0, 2.0]);
    }

    proptest! {
        #[test]
        fn error_is_at_most_half_a_step(row in prop::collection::vec(-1e30_f32..1e30, 1..40), exponent in -60..10) {
            let row: Vec<f32> = row.into_iter().map(|w| w * 2.0_f32.powi(exponent)).collect();
            let matrix = ArrayView2::from_shape((1, row.len()), &row).unwrap();
            let Quantised { codes, scales } = quantise_rows(matrix);
            for (&w, code) in row.iter().zip(codes) {
                prop_assert!(code > i8::MIN);
                prop_assert!((f32::from(code) * scales[0] - w).abs() <= 0.5001 * scales[0]);
            }
        }
    }
}
