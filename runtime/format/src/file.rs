//! An opened model: bytes, wherever they live, and the checked header that describes them.

use std::fs::{self, File};
use std::path::Path;
use std::{fmt, io};

use memmap2::Mmap;

use crate::aligned::{AlignedCopy, misalignment};
use crate::error::{FormatError, OpenError, VerifyError};
use crate::header::Header;
use crate::map::map;
use crate::parse::{Parsed, parse};
use crate::schema::Schema;
use crate::verify::verify;

/// A model whose header has been checked in full; tensors are read in place.
///
/// Used as `Arc<ModelFile>`, since every [`TensorRef`](crate::TensorRef) keeps its file alive.
pub struct ModelFile {
    header: Header,
    schema: Schema,
    /// First byte behind the header's checksum.
    header_end: usize,
    /// Indices of `header.tensors`, sorted by name.
    by_name: Vec<usize>,
    bytes: Bytes,
}

enum Bytes {
    Mapped(Mmap),
    Static(&'static [u8]),
    Copied(AlignedCopy),
    Shared(Box<dyn AsRef<[u8]> + Send + Sync>),
}

impl ModelFile {
    /// Maps the file at `path` and checks its header; tensor pages are not touched.
    ///
    /// The file must not be overwritten in place while it is open; replacing it by rename, as
    /// [`Writer::finish`](crate::Writer::finish) does, is safe.
    ///
    /// # Errors
    /// The file cannot be read, is not a regular file, or is not a valid model.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let io_error = |cause: io::Error| OpenError::Io { path: path.to_owned(), cause };
        // Asked before opening, because opening a named pipe would wait for its writer.
        if !fs::metadata(path).map_err(io_error)?.is_file() {
            return Err(OpenError::NotAFile { path: path.to_owned() });
        }
        let mapped = File::open(path).and_then(|file| map(&file)).map_err(io_error)?;
        Self::new(Bytes::Mapped(mapped)).map_err(|cause| OpenError::Format { path: path.to_owned(), cause })
    }

    /// Reads a model that is part of the program, in place; see [`Aligned`](crate::Aligned) for how to embed one.
    ///
    /// # Errors
    /// The bytes do not start at a multiple of 64 in memory, or are not a valid model.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self, FormatError> {
        match misalignment(bytes) {
            0 => Self::new(Bytes::Static(bytes)),
            by => Err(FormatError::Misaligned { by }),
        }
    }

    /// Reads a model from memory: a `Vec<u8>`, an `Arc<[u8]>`, or whatever else holds bytes that do not change. They are
    /// kept as they are if they start at a multiple of 64 in memory, which is chance, and else copied once.
    ///
    /// # Errors
    /// The bytes are not a valid model.
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, FormatError> {
        Self::new(match AlignedCopy::unless_aligned(bytes.as_ref()) {
            Some(copy) => Bytes::Copied(copy),
            None => Bytes::Shared(Box::new(bytes)),
        })
    }

    fn new(bytes: Bytes) -> Result<Self, FormatError> {
        let Parsed { header, schema, end: header_end } = parse(bytes.as_slice())?;
        let mut by_name: Vec<usize> = (0..header.tensors.len()).collect();
        by_name.sort_unstable_by_key(|&index| &header.tensors[index].name);
        Ok(Self { header, schema, header_end, by_name, bytes })
    }

    /// What the file says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The tensors and outputs that follow from the header. The file has exactly these tensors, in these shapes, each in
    /// the packing of its role.
    pub fn schema(&self) -> &Schema {
        &self.schema
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

    /// Reads the whole file and checks what opening leaves out: checksums, padding and values of every tensor. A file
    /// that passes can run.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<(), VerifyError> {
        verify(&self.header.tensors, self.header_end, self.bytes())
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The place in the table of the tensor of this name.
    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        let place = self.by_name.binary_search_by_key(&name, |&index| &self.header.tensors[index].name);
        place.ok().map(|place| self.by_name[place])
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Mapped(mapped) => mapped,
            Bytes::Static(bytes) => bytes,
            Bytes::Copied(copy) => copy.as_slice(),
            Bytes::Shared(bytes) => (**bytes).as_ref(),
        }
    }
}

impl fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let storage = match self.bytes {
            Bytes::Mapped(_) => "mapped",
            Bytes::Static(_) => "static",
            Bytes::Copied(_) => "copied",
            Bytes::Shared(_) => "shared",
        };
        f.debug_struct("ModelFile")
            .field("storage", &storage)
            .field("len", &self.len())
            .field("tensors", &self.header.tensors.len())
            .finish_non_exhaustive()
    }
}
