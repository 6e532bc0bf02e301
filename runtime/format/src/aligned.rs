//! Memory that starts at the alignment the kernels expect, for models that do not come from a mapping.

use crate::layout::ALIGNMENT;

/// Places a static model at a multiple of 64 bytes, as [`ModelFile::from_static`](crate::ModelFile::from_static) asks:
///
/// ```no_run
/// use wavlm_format::{Aligned, ModelFile};
/// # macro_rules! include_bytes { ($path:literal) => { &[0; 20] } }
/// static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("words.wlm"));
///
/// let file = ModelFile::from_static(&MODEL.0)?;
/// # Ok::<(), wavlm_format::FormatError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

const _: () = assert!(align_of::<Aligned<[u8; 1]>>() as u64 == ALIGNMENT);

/// Bytes from the last multiple of [`ALIGNMENT`] to the start of `bytes`.
pub(crate) fn misalignment(bytes: &[u8]) -> usize {
    bytes.as_ptr().addr() % align_of::<Aligned<u8>>()
}

/// A copy of bytes that starts at a multiple of [`ALIGNMENT`].
///
/// A vector's allocation is moved only when it grows, and this one never does.
#[derive(Debug)]
pub(crate) struct AlignedCopy {
    allocation: Vec<u8>,
    start: usize,
}

impl AlignedCopy {
    /// A copy of `bytes`, or none if they are aligned themselves.
    pub fn unless_aligned(bytes: &[u8]) -> Option<Self> {
        if misalignment(bytes) == 0 {
            return None;
        }
        let mut allocation = Vec::with_capacity(bytes.len() + align_of::<Aligned<u8>>());
        let start = (align_of::<Aligned<u8>>() - misalignment(&allocation)) % align_of::<Aligned<u8>>();
        allocation.resize(start, 0);
        allocation.extend_from_slice(bytes);
        Some(Self { allocation, start })
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.allocation[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_aligned_and_unchanged() {
        for len in [0usize, 1, 63, 64, 65, 1000] {
            let bytes: Vec<u8> = (0..len + 64).map(|i| i as u8).collect();
            let first_aligned = (64 - misalignment(&bytes)) % 64;
            assert!(AlignedCopy::unless_aligned(&bytes[first_aligned..]).is_none(), "{len}");
            let odd = &bytes[(first_aligned + 1) % 64..][..len];
            let copy = AlignedCopy::unless_aligned(odd).expect("a copy");
            assert_eq!(misalignment(copy.as_slice()), 0, "{len}");
            assert_eq!(copy.as_slice(), odd, "{len}");
        }
    }
}
