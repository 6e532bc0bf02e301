//! The latest error of a thread, and the border that no panic crosses.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static LATEST: RefCell<CString> = RefCell::default();
}

/// What the latest call of this thread that failed says of it, in one line of UTF-8; empty if none has failed yet.
///
/// The text stays until the next call of this thread that fails.
#[unsafe(no_mangle)]
pub extern "C" fn wavlm_last_error() -> *const c_char {
    LATEST.with_borrow(|latest| latest.as_ptr())
}

/// The version of this library, as "0.1.0". The text stays for ever.
#[unsafe(no_mangle)]
pub extern "C" fn wavlm_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// Does it; `None` if it fails or panics, with the reason kept for [`wavlm_last_error`].
///
/// A panic may leave what `work` borrows half changed: whoever calls this with a handle closes the handle to further use.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(reason(panic.as_ref())));
    match done {
        Ok(value) => Some(value),
        Err(reason) => {
            keep(&reason);
            None
        }
    }
}

fn reason(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a mistake in libwavlm, please report it: {}", text.unwrap_or("unknown"))
}

fn keep(reason: &str) {
    let line = reason.replace(['\0', '\n'], " ");
    LATEST.set(CString::new(line).unwrap_or_default());
}
