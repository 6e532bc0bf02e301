//! The slow checks that read every byte: checksums, padding, and the values that kernels rely on.

use crate::error::{TensorError, VerifyError};
use crate::header::{Header, Packing, TensorEntry};
use crate::packing::{COLUMN_STEP, PANEL_ROWS};
use crate::tensor::{PanelsI8View, bad_scale, bytes_of, split_panels_i8};

/// Columns that lie together in a panel of int8 weights.
const DEPTH: usize = 4;

/// Checks the tensors of `file`, whose `header` has been checked.
pub(crate) fn verify(header: &Header, file: &[u8]) -> Result<(), VerifyError> {
    let mut end = crate::parse::end_of_header(file);
    for entry in &header.tensors {
        let start = entry.offset as usize;
        if let Some(at) = file[end..start].iter().position(|&byte| byte != 0) {
            return Err(VerifyError::Padding { at: (end + at) as u64, found: file[end + at] });
        }
        let bytes = bytes_of(entry, file);
        let found = crc32fast::hash(bytes);
        if found != entry.crc32 {
            return Err(VerifyError::Checksum { name: entry.name.clone(), found, expected: entry.crc32 });
        }
        check_values(entry, bytes)?;
        end = start + bytes.len();
    }
    Ok(())
}

/// What a reader may rely on in a tensor's values. The writer asks the same of what it is given.
pub(crate) fn check_values(entry: &TensorEntry, bytes: &[u8]) -> Result<(), VerifyError> {
    let name = || entry.name.clone();
    if entry.packing != Packing::PanelsI8 {
        let elements: &[f32] = bytemuck::cast_slice(bytes);
        return match elements.iter().position(|x| !x.is_finite()) {
            Some(at) => Err(TensorError::NonFinite { name: name(), at, value: elements[at] }.into()),
            None => Ok(()),
        };
    }
    let view = split_panels_i8(entry, bytes);
    if let Some(row) = bad_scale(view.scales) {
        return Err(TensorError::Scale { name: name(), row, value: view.scales[row] }.into());
    }
    if let Some(at) = view.data.iter().position(|&w| w == i8::MIN) {
        return Err(VerifyError::Weight { name: name(), at });
    }
    if let Some(at) = view.readable[view.data.len()..].iter().position(|&byte| byte != 0) {
        return Err(VerifyError::ReadAhead { name: name(), at });
    }
    for (row, (expected, &found)) in row_sums(&view).zip(view.sums).enumerate() {
        if found != expected {
            return Err(VerifyError::Sum { name: name(), row, found, expected });
        }
    }
    Ok(())
}

/// The sum of every padded row of every group, in the order of `view.sums`.
fn row_sums<'a>(view: &PanelsI8View<'a>) -> impl Iterator<Item = i32> + 'a {
    let panel_rows = PANEL_ROWS as usize;
    let panel = view.columns.next_multiple_of(COLUMN_STEP as usize) * panel_rows;
    view.data.chunks_exact(panel).flat_map(move |panel| {
        (0..panel_rows).map(move |row| {
            let depths = panel.chunks_exact(DEPTH).skip(row).step_by(panel_rows);
            depths.flatten().map(|&w| i32::from(w)).sum()
        })
    })
}
