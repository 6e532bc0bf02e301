//! An opened model: bytes, wherever they live, and the checked header that describes them.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use memmap2::Mmap;

use crate::aligned::{AlignedBytes, is_aligned, misalignment};
use crate::error::{FormatError, OpenError, TensorError, VerifyError};
use crate::header::Header;
use crate::map::map;
use crate::parse::parse;
use crate::tensor::TensorRef;
use crate::verify::verify;

/// A model whose header has been checked in full; tensors are read in place.
///
/// Used as `Arc<ModelFile>`, since every [`TensorRef`] keeps its file alive.
pub struct ModelFile {
    header: Header,
    /// First byte behind the header's checksum.
    header_end: usize,
    /// Indices of `header.tensors`, sorted by name.
    by_name: Vec<usize>,
    bytes: Bytes,
}

enum Bytes {
    Mapped(Mmap),
    Static(&'static [u8]),
    Owned(AlignedBytes),
}

impl ModelFile {
    /// Maps the file at `path` and checks its header; tensor pages are not touched.
    ///
    /// The file must not be overwritten in place while it is open; replacing it by rename, as
    /// [`Writer::finish`](crate::Writer::finish) does, is safe.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let io_error = |cause: io::Error| OpenError::Io { path: path.to_owned(), cause };
        // Asked before opening, because opening a named pipe would wait for its writer.
        if !fs::metadata(path).map_err(io_error)?.is_file() {
            return Err(OpenError::NotAFile { path: path.to_owned() });
        }
        let mapped = File::open(path).and_then(|file| map(&file)).map_err(io_error)?;
        Self::new(Bytes::Mapped(mapped)).map_err(|cause| OpenError::Format { path: path.to_owned(), cause })
    }

    /// Reads a model that is part of the program; see [`Aligned`](crate::Aligned) for how to embed one.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self, FormatError> {
        if !is_aligned(bytes) {
            return Err(FormatError::Misaligned { by: misalignment(bytes) });
        }
        Self::new(Bytes::Static(bytes))
    }

    /// Reads a model from memory, copying it once unless it is aligned to 64 bytes by chance.
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self, FormatError> {
        Self::new(Bytes::Owned(AlignedBytes::new(bytes)))
    }

    fn new(bytes: Bytes) -> Result<Self, FormatError> {
        let (header, header_end) = parse(bytes.as_slice())?;
        let mut by_name: Vec<usize> = (0..header.tensors.len()).collect();
        by_name.sort_unstable_by_key(|&index| &header.tensors[index].name);
        Ok(Self { header, header_end, by_name, bytes })
    }

    /// What the file says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Size of the file in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a model file is never empty")]
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether a tensor of this name exists.
    pub fn has(&self, name: &str) -> bool {
        self.index(name).is_some()
    }

    /// The tensor of this name.
    pub fn tensor(self: &Arc<Self>, name: &str) -> Result<TensorRef, TensorError> {
        match self.index(name) {
            Some(index) => Ok(TensorRef::new(Arc::clone(self), index)),
            None => Err(TensorError::Missing { name: name.to_owned() }),
        }
    }

    /// Reads the whole file and checks what opening leaves out: checksums, padding and values of every tensor.
    pub fn verify(&self) -> Result<(), VerifyError> {
        verify(&self.header.tensors, self.header_end, self.bytes())
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    fn index(&self, name: &str) -> Option<usize> {
        let place = self.by_name.binary_search_by_key(&name, |&index| &self.header.tensors[index].name);
        place.ok().map(|place| self.by_name[place])
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Mapped(mapped) => mapped,
            Bytes::Static(bytes) => bytes,
            Bytes::Owned(owned) => owned.as_slice(),
        }
    }
}

impl fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let storage = match self.bytes {
            Bytes::Mapped(_) => "mapped",
            Bytes::Static(_) => "static",
            Bytes::Owned(_) => "owned",
        };
        f.debug_struct("ModelFile")
            .field("storage", &storage)
            .field("len", &self.len())
            .field("tensors", &self.header.tensors.len())
            .finish_non_exhaustive()
    }
}
