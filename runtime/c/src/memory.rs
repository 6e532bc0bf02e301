//! What comes from C.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::slice;

/// A path.
///
/// # Safety
/// `path` is null, or a text that ends with a zero and stays for as long as the result is used.
pub unsafe fn path<'a>(path: *const c_char) -> Result<&'a Path, String> {
    if path.is_null() {
        return Err("the path is a null pointer".to_owned());
    }
    // SAFETY: it is not null, and the caller vouches for the rest.
    let text = unsafe { CStr::from_ptr(path) };
    Ok(Path::new(OsStr::from_bytes(text.to_bytes())))
}

/// Floats to read. A null pointer is fine where there are none.
///
/// # Safety
/// `first` is null, or points to `count` floats that stay as they are for as long as the result is used.
pub unsafe fn floats<'a>(first: *const f32, count: usize) -> Result<&'a [f32], String> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() || !first.is_aligned() || count > isize::MAX as usize / size_of::<f32>() {
        return Err(format!("{count} floats at {first:?} are no samples"));
    }
    // SAFETY: it is aligned and not null, the length fits an address space, and the caller vouches for the rest.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

/// Floats to write.
///
/// # Safety
/// `first` is null, or points to room for `count` floats that nobody else uses for as long as the result is used.
pub unsafe fn floats_to_write<'a>(first: *mut f32, count: usize) -> Result<&'a mut [f32], String> {
    if count == 0 {
        return Ok(&mut []);
    }
    if first.is_null() || !first.is_aligned() || count > isize::MAX as usize / size_of::<f32>() {
        return Err(format!("there is no room for {count} floats at {first:?}"));
    }
    // SAFETY: as above; what the room held before is a float, whatever its bits are.
    Ok(unsafe { slice::from_raw_parts_mut(first, count) })
}
