//! A pickle machine that can build a state dict and nothing else.
//!
//! A pickle is a program; Python's own machine lets it call anything. This one knows the few globals that
//! [`Global`] lists, refuses every other by name, and executes nothing: "calling" `OrderedDict` makes an
//! empty dict, "calling" `_rebuild_tensor_v2` notes where a tensor lies. Values live in an arena and refer to
//! each other by index, so cycles and depth in a hostile file cost neither stack nor leaks, and memory stays
//! proportional to the length of the pickle.

mod input;
mod machine;

use super::error::TorchProblem;
use super::tensors::Float;
use machine::Machine;

/// Longest pickle read, in bytes; that of a model of thousands of tensors has some hundred thousand.
pub(crate) const MAX_PICKLE: u64 = 64 << 20;

/// Most dimensions of a tensor; a convolution's weight has three.
const MAX_DIMENSIONS: usize = 8;

/// The globals that a pickle may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Global {
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
    fn named(module: &str, name: &str) -> Option<Self> {
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
enum Value {
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

/// The tensors of the state dict that `pickle` builds, in its order.
///
/// The dict may be the pickle's result, or lie in it under `state_dict` or `model`, as training scripts save it.
pub(crate) fn state_dict(pickle: &[u8]) -> Result<Vec<(&str, TensorView<'_>)>, TorchProblem> {
    let mut machine = Machine::new(pickle);
    let result = machine.run()?;
    machine.tensors_of(result).ok_or(TorchProblem::Pickle {
        offset: pickle.len(),
        what: "the result is not a dict of tensors; save the model's state_dict()",
    })
}
