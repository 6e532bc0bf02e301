//! Why bytes are not a model.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::ConfigError;
use crate::header::{Packing, Precision};
use crate::layout::{ALIGNMENT, OLDEST_VERSION, VERSION};
use crate::limits::{MAX_HEADER, MAX_TENSOR_NAME, MAX_TENSORS};
use crate::packing::ShapeError;

/// A file could not be opened as a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it answered.
        cause: io::Error,
    },
    /// A folder, pipe or device.
    #[error("{}: not a regular file, expected a .wlm model", path.display())]
    NotAFile {
        /// What was to be opened.
        path: PathBuf,
    },
    /// The bytes are not a valid model.
    #[error("{}: {cause}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        cause: FormatError,
    },
}

/// Bytes are not a valid model. The refusals follow `SPEC.md`, in the order in which they are checked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Static bytes do not start at a multiple of 64.
    #[error(
        "embedded model starts {by} bytes past a multiple of {ALIGNMENT}; wrap its bytes in wavlm_format::Aligned"
    )]
    Misaligned {
        /// Bytes past the last multiple.
        by: usize,
    },
    /// The magic bytes are missing.
    #[error("not a .wlm model: does not start with its 8 magic bytes")]
    Magic,
    /// Written for another version of the format.
    #[error("format version {found}; this build reads {OLDEST_VERSION} to {VERSION}")]
    Version {
        /// The file's version.
        found: u16,
    },
    /// The reserved bytes are in use.
    #[error("reserved bytes at 10 hold {found}, expected 0")]
    Reserved {
        /// Their value.
        found: u16,
    },
    /// The header is longer than any model needs.
    #[error("header of {length} bytes; at most {MAX_HEADER} are allowed")]
    HeaderTooLong {
        /// Length that the file claims.
        length: u32,
    },
    /// The file ends inside the prefix, the header, or its checksum.
    #[error("file ends at byte {length}, inside the header, which needs {needed} bytes")]
    HeaderTooShort {
        /// Length of the file.
        length: u64,
        /// Bytes up to the end of the header's checksum.
        needed: u64,
    },
    /// The header was damaged.
    #[error("header checksum is {found:08x}, expected {expected:08x}: the file is damaged")]
    HeaderChecksum {
        /// CRC-32 of the header's bytes.
        found: u32,
        /// The one stored behind it.
        expected: u32,
    },
    /// The header is not what postcard would have written.
    #[error("header cannot be decoded past byte {at} of the file: {cause}")]
    Malformed {
        /// Offset at which decoding stopped.
        at: u64,
        /// postcard's reason.
        cause: postcard::Error,
    },
    /// An enum holds a number that names none of its values.
    #[error("header holds an unknown enum value before byte {at} of the file")]
    UnknownValue {
        /// Offset just behind the value.
        at: u64,
    },
    /// Bytes are left in the header after its last field.
    #[error("{count} bytes follow the last field of the header")]
    HeaderTrailing {
        /// How many.
        count: u64,
    },
    /// The encoder or a head cannot be built.
    #[error("invalid configuration: {0}")]
    Config(#[from] ConfigError),
    /// The table is longer than any model needs.
    #[error("{count} tensors; at most {MAX_TENSORS} are allowed")]
    TooManyTensors {
        /// How many the table lists.
        count: usize,
    },
    /// A tensor has no name.
    #[error("tensor {index} has an empty name")]
    EmptyName {
        /// Its place in the table.
        index: usize,
    },
    /// A tensor's name is too long.
    #[error("name of tensor {index} has {length} bytes; at most {MAX_TENSOR_NAME} are allowed")]
    NameTooLong {
        /// Its place in the table.
        index: usize,
        /// Length of the name.
        length: usize,
    },
    /// A tensor's name holds other characters than ASCII letters, digits, `.`, `_`, `-`.
    #[error("name of tensor {index} is {name:?}; only ASCII letters, digits, '.', '_' and '-' are allowed")]
    NameCharacters {
        /// Its place in the table.
        index: usize,
        /// The name.
        name: String,
    },
    /// Two tensors share a name.
    #[error("two tensors are named {name}")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A shape is impossible for its packing.
    #[error("tensor {name}: shape {shape:?} as {packing:?}: {cause}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its packing.
        packing: Packing,
        /// Its shape.
        shape: Vec<u64>,
        /// What is wrong with it.
        cause: ShapeError,
    },
    /// A length differs from what packing and shape imply.
    #[error("tensor {name}: {length} bytes, expected {expected} for {packing:?} {shape:?}")]
    Length {
        /// The tensor.
        name: String,
        /// Its packing.
        packing: Packing,
        /// Its shape.
        shape: Vec<u64>,
        /// Length in the table.
        length: u64,
        /// Length that packing and shape imply.
        expected: u64,
    },
    /// A tensor starts off the grid.
    #[error("tensor {name} starts at byte {offset}, expected a multiple of {ALIGNMENT}")]
    Unaligned {
        /// The tensor.
        name: String,
        /// Its offset.
        offset: u64,
    },
    /// Offset and length together do not fit 64 bits.
    #[error("tensor {name}: {length} bytes from byte {offset} do not fit 64 bits")]
    OffsetOverflow {
        /// The tensor.
        name: String,
        /// Its offset.
        offset: u64,
        /// Its length.
        length: u64,
    },
    /// The table is not in the order of the file.
    #[error("tensor {name} starts at byte {offset}, before its predecessor in the table at byte {previous}")]
    Unsorted {
        /// The tensor.
        name: String,
        /// Its offset.
        offset: u64,
        /// The predecessor's offset.
        previous: u64,
    },
    /// A tensor starts inside the header or the tensor before it.
    #[error("tensor {name} starts at byte {offset}, inside what ends at byte {end}")]
    Overlap {
        /// The tensor.
        name: String,
        /// Its offset.
        offset: u64,
        /// End of the header's part or of the tensor before.
        end: u64,
    },
    /// Bytes that belong to nothing lie before a tensor.
    #[error("tensor {name} starts at byte {offset}, expected {expected}: a hole lies before it")]
    Hole {
        /// The tensor.
        name: String,
        /// Its offset.
        offset: u64,
        /// Offset without a hole.
        expected: u64,
    },
    /// A tensor ends behind the end of the file.
    #[error("tensor {name} ends at byte {end}, the file at {file}: the file is incomplete")]
    PastEnd {
        /// The tensor.
        name: String,
        /// Its end.
        end: u64,
        /// Length of the file.
        file: u64,
    },
    /// The file ends before the place of its first tensor, and lists none.
    #[error("file ends at byte {file}, expected {expected}: the file is incomplete")]
    Incomplete {
        /// Length of the file.
        file: u64,
        /// Where tensors start.
        expected: u64,
    },
    /// Bytes follow the last tensor.
    #[error("{count} bytes follow the last tensor, which ends at byte {end}")]
    Trailing {
        /// How many.
        count: u64,
        /// End of the last tensor.
        end: u64,
    },
    /// The configuration implies a tensor that the table does not list.
    #[error("tensor {name} of shape {shape:?} is missing; export the model again")]
    MissingTensor {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<u64>,
    },
    /// A tensor has another shape than the configuration implies.
    #[error(
        "tensor {name} has shape {found:?}, the configuration asks for {expected:?}; export the model again"
    )]
    TensorShape {
        /// The tensor.
        name: String,
        /// Shape in the table.
        found: Vec<u64>,
        /// Shape that the configuration implies.
        expected: Vec<u64>,
    },
    /// A tensor is packed otherwise than its role and the file's precision ask for.
    #[error("tensor {name} is packed as {found:?}, a file of precision {precision:?} has it as {expected:?}")]
    TensorPacking {
        /// The tensor.
        name: String,
        /// Packing in the table.
        found: Packing,
        /// Packing that its role asks for.
        expected: Packing,
        /// Precision of the file.
        precision: Precision,
    },
    /// The table lists a tensor that the configuration does not imply.
    #[error("tensor {name} belongs to no part of this model")]
    UnknownTensor {
        /// The tensor.
        name: String,
    },
}
