//! The slow checks that read every byte: checksums, padding, and the values that kernels rely on.

use crate::error::VerifyError;
use crate::header::{Packing, TensorEntry};
use crate::values;
use crate::views::{bytes_of, f32_elements, panels_f32_view, panels_i4_view, panels_i8_parts};

/// Checks the tensors of `file`, a checked `table` that starts behind `header_end`.
pub(crate) fn verify(table: &[TensorEntry], header_end: usize, file: &[u8]) -> Result<(), VerifyError> {
    let mut end = header_end;
    for entry in table {
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

fn check_values(entry: &TensorEntry, bytes: &[u8]) -> Result<(), VerifyError> {
    let name = &entry.name;
    match entry.packing {
        Packing::DenseF32 => values::check_finite(name, f32_elements(bytes))?,
        Packing::PanelsF32 => values::check_panels_f32(name, &panels_f32_view(entry, bytes))?,
        Packing::PanelsI4 => values::check_panels_i4(name, &panels_i4_view(entry, bytes))?,
        Packing::PanelsI8 => {
            let (view, padding) = panels_i8_parts(entry, bytes);
            if let Some(at) = padding.iter().position(|&byte| byte != 0) {
                return Err(VerifyError::PaddingBehindPanels { name: name.clone(), at });
            }
            values::check_panels_i8(name, &view)?;
        }
    }
    Ok(())
}
