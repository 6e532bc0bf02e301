//! What a state dict's pickle is made of.

use std::borrow::Cow;

use crate::checkpoint::tensors::Float;

/// Most dimensions of a tensor; a convolution's weight has three.
pub(super) const MAX_DIMENSIONS: usize = 8;

/// The globals that a pickle may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `argparse.Namespace`: the arguments of a training program, which are never read.
    Namespace,
    /// `torch._utils._rebuild_tensor_v2`, and its elder.
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
    /// Any other.
    Other {
        /// torch's name for it.
        name: &'static str,
        /// Bytes of one.
        size: usize,
    },
}

impl Element {
    /// Bytes of one.
    pub fn size(self) -> usize {
        match self {
            Self::Float(float) => float.size(),
            Self::Other { size, .. } => size,
        }
    }
}

impl Global {
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        use Element::Float as F;
        let other = |name, size| Self::Storage(Element::Other { name, size });
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("argparse", "Namespace") => Self::Namespace,
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", "DoubleStorage") => Self::Storage(F(Float::F64)),
            ("torch", "FloatStorage") => Self::Storage(F(Float::F32)),
            ("torch", "HalfStorage") => Self::Storage(F(Float::F16)),
            ("torch", "BFloat16Storage") => Self::Storage(F(Float::Bf16)),
            ("torch", "LongStorage") => other("int64", 8),
            ("torch", "IntStorage") => other("int32", 4),
            ("torch", "ShortStorage") => other("int16", 2),
            ("torch", "CharStorage") => other("int8", 1),
            ("torch", "ByteStorage") => other("uint8", 1),
            ("torch", "BoolStorage") => other("bool", 1),
            _ => return None,
        })
    }
}

/// Names under which s3prl saves the parts of a head. What they hold is called by them and its own name.
pub(crate) const PARTS: [&str; 2] = ["Featurizer", "Downstream"];

/// Plain values under their names.
pub(crate) type Settings = serde_json::Map<String, serde_json::Value>;

/// What a pickle holds.
#[derive(Debug)]
pub(crate) struct Saved<'a> {
    /// What lies under `cfg` beside a `model`, as WavLM's authors save their models.
    pub settings: Option<Settings>,
    /// What lies under `config` beside a `state_dict`, as those save them who prune models.
    pub config: Option<Settings>,
    /// The tensors of the state dict, in its order.
    pub tensors: Vec<(Cow<'a, str>, TensorView<'a>)>,
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

/// One storage: an entry of an archive, or a stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Storage<'a> {
    /// Its name; that of an entry below `data/`, in an archive.
    pub key: &'a str,
    pub element: Element,
    /// Elements in it.
    pub length: usize,
}

/// A value on the stack; those with parts are indices into the machine's arenas.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(usize),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}
