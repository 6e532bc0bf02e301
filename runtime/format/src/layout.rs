//! Where things lie in a file: the numbers of `SPEC.md`, section "Layout".

/// First bytes of every model. The line endings and the leading non-ASCII byte expose transfers that alter text.
pub const MAGIC: [u8; 8] = *b"\x89WLM\r\n\x1a\n";

/// Version of the format that this crate reads and writes.
pub const VERSION: u16 = 5;

/// The first version; this crate reads it and those in between as well.
pub const OLDEST_VERSION: u16 = 1;

/// Bytes before the header: magic, version (u16), reserved (u16), header length (u32).
pub const PREFIX: usize = 16;

/// Tensors start here, or at the next multiple behind a longer header: a page border for every page size up to 64 KiB.
pub const FIRST_TENSOR: u64 = 65536;

/// Every tensor starts at a multiple of this many bytes: a cache line, and the widest vector register.
pub const ALIGNMENT: u64 = 64;
