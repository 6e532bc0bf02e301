//! What can be wrong with a model file. Each message is one line that says where, what was found and what was expected.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::header::Packing;
use crate::limits::{MAX_HEADER, MAX_TENSOR_NAME, MAX_TENSORS};
use crate::packing::ShapeError;
use crate::parse::VERSION;
use crate::table::ALIGNMENT;

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
    #[error("format version {found}; this build reads {VERSION}")]
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
}

/// A configuration that no WavLM can have. Fields carry the names of [`EncoderConfig`](crate::EncoderConfig) and
/// [`Head`](crate::Head).
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number lies outside its range.
    #[error("{field} is {found}, expected {min} to {max}")]
    Range {
        /// The field.
        field: String,
        /// Its value.
        found: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// A number that must divide another does not.
    #[error("{divisor} is {by}, which does not divide {dividend} = {value}")]
    Indivisible {
        /// The field that must be divisible.
        dividend: &'static str,
        /// Its value.
        value: u32,
        /// The field that must divide it.
        divisor: &'static str,
        /// Its value.
        by: u32,
    },
    /// A real number is not finite, or below its smallest allowed value.
    #[error("{field} is {found}, expected a finite number {expected}")]
    Real {
        /// The field.
        field: String,
        /// Its value.
        found: f32,
        /// The range, such as `above 0`.
        expected: &'static str,
    },
    /// Buckets would be computed with a logarithm whose base is at most one.
    #[error("max_bucket_distance is {distance}, expected more than {exact}, a quarter of num_buckets")]
    BucketDistance {
        /// The field.
        distance: u32,
        /// Positions that have a bucket of their own.
        exact: u32,
    },
    /// One output frame would depend on too many samples.
    #[error("the stem's receptive field exceeds {max} samples")]
    ReceptiveField {
        /// Largest allowed.
        max: u64,
    },
    /// A matrix would be too large to address.
    #[error("{matrix} has {rows} x {columns} elements, more than {max}")]
    MatrixSize {
        /// Which one.
        matrix: String,
        /// Output channels.
        rows: u64,
        /// Inputs.
        columns: u64,
        /// Largest allowed product.
        max: u64,
    },
    /// A head's name is empty, too long, or holds other characters than ASCII letters, digits, `_`, `-`.
    #[error("head {index} is named {name:?}, expected 1 to {max} ASCII letters, digits, '_' or '-'")]
    HeadName {
        /// Its place.
        index: usize,
        /// Its name, cut after the allowed length.
        name: String,
        /// Most bytes allowed.
        max: usize,
    },
    /// Two heads share a name.
    #[error("two heads are named {name}")]
    DuplicateHead {
        /// The name.
        name: String,
    },
    /// The blank token is not in the vocabulary.
    #[error("head {head}: blank is token {blank}, the vocabulary has {vocabulary}")]
    Blank {
        /// The head.
        head: String,
        /// The token.
        blank: u32,
        /// Tokens there are.
        vocabulary: usize,
    },
    /// This kind of head cannot follow an adapter.
    #[error("head {head}: a {kind} head cannot follow an adapter")]
    AdapterHead {
        /// The head.
        head: String,
        /// Its kind.
        kind: &'static str,
    },
    /// An x-vector head reads the adapter's output, whose width is not the one its projector takes.
    #[error(
        "head {head}: the adapter's output has width {found}, an xvector head reads hidden_size = {expected}"
    )]
    AdapterWidth {
        /// The head.
        head: String,
        /// `output_hidden_size`
        found: u32,
        /// `hidden_size`
        expected: u32,
    },
    /// A CTC head reads the last hidden state alone.
    #[error("head {head}: a ctc head has no weighted_layer_sum")]
    WeightedCtc {
        /// The head.
        head: String,
    },
}

/// A tensor is not there, not what the caller asks for, or holds values that kernels do not compute with.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum TensorError {
    /// No tensor has this name.
    #[error("model has no tensor {name}")]
    Missing {
        /// The name.
        name: String,
    },
    /// The tensor is stored in another packing.
    #[error("tensor {name} is {found:?}, expected {expected:?}")]
    Packing {
        /// The tensor.
        name: String,
        /// Packing asked for.
        expected: Packing,
        /// Packing of the file.
        found: Packing,
    },
    /// A scale is NaN, infinite or negative.
    #[error("tensor {name}: scale of row {row} is {value}, expected a finite number of at least 0")]
    Scale {
        /// The tensor.
        name: String,
        /// The padded row, counted over all groups.
        row: usize,
        /// The scale.
        value: f32,
    },
    /// An element is NaN or infinite.
    #[error("tensor {name}: element {at} is {value}, expected a finite number")]
    NonFinite {
        /// The tensor.
        name: String,
        /// Its place in row-major order.
        at: usize,
        /// The element.
        value: f32,
    },
    /// An int8 weight is -128, which the kernels' arithmetic excludes.
    #[error("tensor {name}: element {at} of the panels is -128, expected -127 to 127")]
    Weight {
        /// The tensor.
        name: String,
        /// Its place in the panels.
        at: usize,
    },
    /// Padding inside panels is not zero.
    #[error("tensor {name}: element {at} of the panels is padding and not 0")]
    PanelPadding {
        /// The tensor.
        name: String,
        /// Its place in the panels.
        at: usize,
    },
    /// A stored sum is not the sum of its row.
    #[error("tensor {name}: sum of row {row} is {found}, expected {expected}")]
    Sum {
        /// The tensor.
        name: String,
        /// The padded row, counted over all groups.
        row: usize,
        /// The stored sum.
        found: i32,
        /// The sum of the row's elements.
        expected: i32,
    },
}

/// The tensors of a file do not hold what its header says.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A tensor was damaged.
    #[error("tensor {name}: checksum is {found:08x}, expected {expected:08x}: the file is damaged")]
    Checksum {
        /// The tensor.
        name: String,
        /// CRC-32 of its bytes.
        found: u32,
        /// The one in the table.
        expected: u32,
    },
    /// Padding between tensors is not zero.
    #[error("padding byte {at} is {found}, expected 0")]
    Padding {
        /// Offset in the file.
        at: u64,
        /// Its value.
        found: u8,
    },
    /// The bytes behind int8 panels are not zero.
    #[error("tensor {name}: byte {at} behind the panels is not 0")]
    ReadAhead {
        /// The tensor.
        name: String,
        /// Its place behind the last panel.
        at: usize,
    },
    /// A value is out of range.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// A model could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// What it answered.
        cause: io::Error,
    },
    /// A tensor's data does not have the length that its shape implies.
    #[error("tensor {name}: {part} has {found} elements, expected {expected} for shape {shape:?}")]
    Elements {
        /// The tensor.
        name: String,
        /// `data`, `scales` or `sums`.
        part: &'static str,
        /// Its shape.
        shape: Vec<u64>,
        /// Elements given.
        found: usize,
        /// Elements that the shape implies.
        expected: u64,
    },
    /// A value that no reader would accept.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A file that no reader would accept.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The header could not be encoded.
    #[error("header cannot be encoded: {0}")]
    Encode(postcard::Error),
    /// The header handed to the writer lists tensors already.
    #[error("header lists {count} tensors before any was added")]
    TensorsGiven {
        /// How many.
        count: usize,
    },
}
