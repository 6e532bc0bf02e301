//! Turns a file into memory. The only `unsafe` of this crate.

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Maps the whole of `file`, read-only and shared with every other process that maps it.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes behind the returned slice must not change while it is borrowed. No API can promise that for
    // a file that others may write to; it holds because `.wlm` files are never changed in place: `Writer::finish`
    // replaces them by renaming a finished file over the old one, which leaves an existing mapping on the old bytes.
    // Should someone else overwrite the file all the same, results are wrong but no check is undone: the header is
    // decoded once into owned values and every later access uses those. Should someone truncate it, reading a lost
    // page raises SIGBUS, which ends the process; it does not reach other memory.
    unsafe { Mmap::map(file) }
}
