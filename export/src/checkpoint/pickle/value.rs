//! What a state dict's pickle is made of.

use crate::checkpoint::tensors::Float;

/// Most dimensions of a tensor; a convolution's weight has three.
pub(super) const MAX_DIMENSIONS: usize = 8;

/// The globals that a pickle may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`
    RebuildParameter,
    /// `torch.FloatStorage` and its kin.
    Storage(Element),
}

/// Element type of a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// A type that weights have.
    Float(Float),
    /// Any other, by torch's name.
    Other(&'static str),
}

impl Global {
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        use Element::{Float as F, Other};
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "DoubleStorage") => Self::Storage(F(Float::F64)),
            ("torch", "FloatStorage") => Self::Storage(F(Float::F32)),
            ("torch", "HalfStorage") => Self::Storage(F(Float::F16)),
            ("torch", "BFloat16Storage") => Self::Storage(F(Float::Bf16)),
            ("torch", "LongStorage") => Self::Storage(Other("int64")),
            ("torch", "IntStorage") => Self::Storage(Other("int32")),
            ("torch", "ShortStorage") => Self::Storage(Other("int16")),
            ("torch", "CharStorage") => Self::Storage(Other("int8")),
            ("torch", "ByteStorage") => Self::Storage(Other("uint8")),
            ("torch", "BoolStorage") => Self::Storage(Other("bool")),
            _ => return None,
        })
    }
}

/// Where one tensor lies: a strided view of a storage. Not yet checked against the storage's length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorView<'a> {
    pub storage: Storage<'a>,
    /// First element.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// Elements between neighbours, per dimension.
    pub strides: Vec<usize>,
}

/// One storage: an entry of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Storage<'a> {
    /// Name of the entry, below `data/`.
    pub key: &'a str,
    pub element: Element,
    /// Elements in it.
    pub length: usize,
}

/// A value on the stack; those with parts are indices into the machine's arenas.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    None,
    Bool,
    Int(i64),
    Float,
    Text(usize),
    Tuple(usize),
    List,
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}
