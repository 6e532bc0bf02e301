//! The tensor table against the file: names, shapes, and that tensors tile the file without overlap or hole.
//! See `SPEC.md`, section "Tensor table".

use std::collections::HashSet;

use crate::error::FormatError;
use crate::header::TensorEntry;
use crate::layout::ALIGNMENT;
use crate::limits::{MAX_TENSOR_NAME, MAX_TENSORS};

/// Checks the table of a file of `file_length` bytes whose tensors start at `first_tensor`.
///
/// Afterwards, `offset .. offset + length` of every entry lies within the file, starts aligned, and is as long as its
/// packing and shape imply; every dimension is at least 1 and at most `length`.
pub(crate) fn check(table: &[TensorEntry], first_tensor: u64, file_length: u64) -> Result<(), FormatError> {
    if table.len() > MAX_TENSORS {
        return Err(FormatError::TooManyTensors { count: table.len() });
    }
    let mut names = HashSet::with_capacity(table.len());
    let mut previous = 0;
    let mut end = first_tensor;
    for (index, entry) in table.iter().enumerate() {
        check_name(index, &entry.name)?;
        if !names.insert(entry.name.as_str()) {
            return Err(FormatError::DuplicateName { name: entry.name.clone() });
        }
        check_length(entry)?;
        end = check_place(entry, previous, end, file_length)?;
        previous = entry.offset;
    }
    if file_length < end {
        return Err(FormatError::Incomplete { file: file_length, expected: end });
    }
    if file_length > end {
        return Err(FormatError::Trailing { count: file_length - end, end });
    }
    Ok(())
}

fn check_name(index: usize, name: &str) -> Result<(), FormatError> {
    if name.is_empty() {
        return Err(FormatError::EmptyName { index });
    }
    if name.len() > MAX_TENSOR_NAME {
        return Err(FormatError::NameTooLong { index, length: name.len() });
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return Err(FormatError::NameCharacters { index, name: name.to_owned() });
    }
    Ok(())
}

fn check_length(entry: &TensorEntry) -> Result<(), FormatError> {
    let TensorEntry { packing, length, .. } = *entry;
    let (name, shape) = (|| entry.name.clone(), || entry.shape.clone());
    match packing.checked_length(&entry.shape) {
        Ok(expected) if expected == length => Ok(()),
        Ok(expected) => Err(FormatError::Length { name: name(), packing, shape: shape(), length, expected }),
        Err(cause) => Err(FormatError::Shape { name: name(), packing, shape: shape(), cause }),
    }
}

/// Checks that `entry` starts at the first aligned byte from `end`, where its predecessor ended, and returns its own
/// end, which lies within the file.
fn check_place(entry: &TensorEntry, previous: u64, end: u64, file_length: u64) -> Result<u64, FormatError> {
    let TensorEntry { offset, length, .. } = *entry;
    let name = || entry.name.clone();
    if !offset.is_multiple_of(ALIGNMENT) {
        return Err(FormatError::Unaligned { name: name(), offset });
    }
    let Some(own_end) = offset.checked_add(length) else {
        return Err(FormatError::OffsetOverflow { name: name(), offset, length });
    };
    if offset < previous {
        return Err(FormatError::Unsorted { name: name(), offset, previous });
    }
    if offset < end {
        return Err(FormatError::Overlap { name: name(), offset, end });
    }
    // `end` cannot overflow here: it is at most the aligned `offset`.
    let expected = end.next_multiple_of(ALIGNMENT);
    if offset > expected {
        return Err(FormatError::Hole { name: name(), offset, expected });
    }
    if own_end > file_length {
        return Err(FormatError::PastEnd { name: name(), end: own_end, file: file_length });
    }
    Ok(own_end)
}
