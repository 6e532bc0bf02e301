//! Activations quantised into panels, on every table, against codes made one by one here.

#![allow(missing_docs, reason = "a test")]

mod common;

use common::{Numbers, unless_miri};
use wavlm_kernels::{Kernels, RowsF32, pack, padded};

/// Columns and their inputs.
const SHAPES: &[(usize, usize)] =
    unless_miri(&[(1, 1), (17, 16), (33, 100), (49, 64), (16, 3)], &[(1, 1), (17, 16), (16, 3)]);

/// Activations as the right operand: as if their codes, `columns` of the output, had been packed like weights.
fn check_panels(
    kernels: &Kernels,
    columns: &[Vec<f32>],
    quantise: impl Fn(&mut [i8], &mut [f32], &mut [i32]),
) {
    let (n, k) = (columns.len(), columns[0].len());
    let mut codes = vec![7; padded(n) * padded(k)];
    let (mut scales, mut sums) = (vec![7.0; padded(n)], vec![7; padded(n)]);
    quantise(&mut codes, &mut scales, &mut sums);

    let mut expected = Vec::new();
    for (column, &scale) in columns.iter().zip(&scales) {
        let largest = column.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
        assert!((scale * 127.0 - largest).abs() <= 1e-6 * largest, "{}: {scale}", kernels.name());
        let code = |x: &f32| (x * (1.0 / scale)).round_ties_even().clamp(-127.0, 127.0) as i8;
        expected.extend(column.iter().map(code));
    }
    assert_eq!(codes, pack::panels_i8(&expected, n, k), "{} {n}x{k}", kernels.name());
    assert_eq!(sums, pack::sums_i8(&expected, n, k), "{} {n}x{k}", kernels.name());
    assert!(scales[n..].iter().all(|&scale| scale == 0.0));
}

/// Calls `check` with every table, and columns of several shapes.
fn for_all_columns(check: impl Fn(&Kernels, &[Vec<f32>])) {
    for kernels in Kernels::available() {
        for &(n, k) in SHAPES {
            let mut numbers = Numbers((n * k) as u64);
            let columns: Vec<_> = (0..n).map(|_| numbers.floats(k)).collect();
            check(kernels, &columns);
        }
    }
}

/// Five values between one row and the next.
const MARGIN: usize = 5;

#[test]
fn rows_are_quantised_into_panels() {
    for_all_columns(|kernels, columns| {
        let (n, k) = (columns.len(), columns[0].len());
        let mut data = vec![9.0; n * (k + MARGIN)];
        for (row, column) in data.chunks_exact_mut(k + MARGIN).zip(columns) {
            row[..k].copy_from_slice(column);
        }
        let rows = RowsF32::new(&data, k + MARGIN, n);
        check_panels(kernels, columns, |codes, scales, sums| {
            kernels.quantise_panels(&rows, k, codes, scales, sums);
        });
    });
}

#[test]
fn rows_are_quantised_as_inputs_of_panels() {
    for_all_columns(|kernels, columns| {
        let (n, k) = (columns.len(), columns[0].len());
        let mut data = vec![9.0; k * (n + MARGIN)];
        for (input, row) in data.chunks_exact_mut(n + MARGIN).enumerate() {
            row.iter_mut().zip(columns).for_each(|(to, column)| *to = column[input]);
        }
        let rows = RowsF32::new(&data, n + MARGIN, k);
        check_panels(kernels, columns, |codes, scales, sums| {
            kernels.quantise_transposed(&rows, n, codes, scales, sums);
        });
    });
}
