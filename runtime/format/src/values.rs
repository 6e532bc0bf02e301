//! What kernels rely on in a tensor's values. Asked of tensors when they are written and when a file is verified; scales,
//! which are few, also whenever they are read.

use crate::error::TensorError;
use crate::packing::{COLUMN_STEP, GROUP_I4, PANEL_ROWS};
use crate::views::{PanelsF32View, PanelsI4View, PanelsI8View};

const ROWS: usize = PANEL_ROWS as usize;
/// Neighbouring columns of a row that lie side by side in int8 panels.
const DEPTH_I8: usize = 4;
/// Bytes of a line of an int8 panel.
const LINE: usize = DEPTH_I8 * ROWS;
/// Bytes of the codes of a group of int4 columns, in all rows of a panel.
const GROUP_CODES: usize = GROUP_I4 as usize * ROWS / 2;
/// The int4 code of zero.
const ZERO: i16 = 8;
/// Largest multiplier of a group of int4 columns.
const MAX_MULTIPLIER: u8 = 15;
/// The same in f32 panels.
const DEPTH_F32: usize = 1;

/// Every element is finite.
pub(crate) fn check_finite(name: &str, elements: &[f32]) -> Result<(), TensorError> {
    match elements.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(TensorError::NonFinite { name: name.to_owned(), at, value: elements[at] }),
        None => Ok(()),
    }
}

/// Every scale is finite and at least zero.
pub(crate) fn check_scales(name: &str, scales: &[f32]) -> Result<(), TensorError> {
    match scales.iter().position(|&scale| !(scale.is_finite() && scale >= 0.0)) {
        Some(row) => Err(TensorError::Scale { name: name.to_owned(), row, value: scales[row] }),
        None => Ok(()),
    }
}

/// Elements are finite, padding is zero.
pub(crate) fn check_panels_f32(name: &str, view: &PanelsF32View<'_>) -> Result<(), TensorError> {
    check_finite(name, view.data)?;
    check_padding::<f32, DEPTH_F32>(name, view.data, view.rows, view.columns, view.columns)
}

/// Scales are valid, no weight is -128, padding is zero, and every sum is that of its row.
pub(crate) fn check_panels_i8(name: &str, view: &PanelsI8View<'_>) -> Result<(), TensorError> {
    check_scales(name, view.scales)?;
    if let Some(at) = view.data.iter().position(|&w| w == i8::MIN) {
        return Err(TensorError::Weight { name: name.to_owned(), at });
    }
    let padded_columns = view.columns.next_multiple_of(COLUMN_STEP as usize);
    check_padding::<i8, DEPTH_I8>(name, view.data, view.rows, view.columns, padded_columns)?;
    check_sums(name, view.data, padded_columns, view.sums)
}

fn check_sums(name: &str, data: &[i8], padded_columns: usize, sums: &[i32]) -> Result<(), TensorError> {
    for (row, (expected, &found)) in row_sums(data, padded_columns).zip(sums).enumerate() {
        if found != expected {
            return Err(TensorError::Sum { name: name.to_owned(), row, found, expected });
        }
    }
    Ok(())
}

/// Scales are valid, no multiplier is above 15, padding stands for zero, and every sum is that of its row.
pub(crate) fn check_panels_i4(name: &str, view: &PanelsI4View<'_>) -> Result<(), TensorError> {
    if let Some(at) = view.multipliers.iter().position(|&multiplier| multiplier > MAX_MULTIPLIER) {
        return Err(TensorError::Multiplier { name: name.to_owned(), at, value: view.multipliers[at] });
    }
    let data = &unpacked(view);
    let PanelsI4View { groups, rows, columns, scales, sums, .. } = *view;
    // Unpacked, the padding goes further than int8 panels have it.
    let padded_columns = columns.next_multiple_of(GROUP_I4 as usize);
    check_scales(name, scales)?;
    check_padding::<i8, DEPTH_I8>(name, data, rows, columns, padded_columns)?;
    check_sums(name, data, padded_columns, sums)?;
    debug_assert_eq!(data.len(), groups * rows.next_multiple_of(ROWS) * padded_columns);
    Ok(())
}

/// The weights as int8 panels, `[columns/4][16][4]` each.
fn unpacked(view: &PanelsI4View<'_>) -> Vec<i8> {
    let mut weights = Vec::with_capacity(2 * view.codes.len());
    let groups = view.codes.chunks_exact(GROUP_CODES).zip(view.multipliers.chunks_exact(ROWS));
    for (codes, multipliers) in groups {
        for codes in codes.chunks_exact(LINE) {
            for shift in [0, 4] {
                let weight = |(i, &code): (usize, &u8)| {
                    let distance = i16::from(code >> shift & 15) - ZERO;
                    (distance * i16::from(multipliers[i / DEPTH_I8])) as i8
                };
                weights.extend(codes.iter().enumerate().map(weight));
            }
        }
    }
    weights
}

/// Panels of `[padded_columns / DEPTH][16][DEPTH]` are zero from row `rows` of a group and from column `columns` on.
fn check_padding<T: Default + PartialEq, const DEPTH: usize>(
    name: &str,
    data: &[T],
    rows: usize,
    columns: usize,
    padded_columns: usize,
) -> Result<(), TensorError> {
    let panel_length = padded_columns * ROWS;
    let panels_per_group = rows.div_ceil(ROWS);
    for (index, panel) in data.chunks_exact(panel_length).enumerate() {
        let rows_left = rows - index % panels_per_group * ROWS;
        let is_padding =
            |i: usize| i / DEPTH % ROWS >= rows_left || i / (ROWS * DEPTH) * DEPTH + i % DEPTH >= columns;
        if let Some(i) = (0..panel_length).find(|&i| is_padding(i) && panel[i] != T::default()) {
            return Err(TensorError::PanelPadding { name: name.to_owned(), at: index * panel_length + i });
        }
    }
    Ok(())
}

/// The sum of every padded row of every group.
fn row_sums(data: &[i8], padded_columns: usize) -> impl Iterator<Item = i32> {
    data.chunks_exact(padded_columns * ROWS).flat_map(|panel| {
        (0..ROWS).map(|row| {
            let row = panel.chunks_exact(DEPTH_I8).skip(row).step_by(ROWS);
            row.flatten().map(|&w| i32::from(w)).sum()
        })
    })
}
