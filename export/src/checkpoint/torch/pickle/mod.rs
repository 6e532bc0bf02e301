//! A pickle machine that can build a state dict and nothing else.
//!
//! A pickle is a program; Python's own machine lets it call anything. This one knows the few globals that
//! [`Global`](value::Global) lists, refuses every other by name, and executes nothing: "calling" `OrderedDict` makes an
//! empty dict, "calling" `_rebuild_tensor_v2` notes where a tensor lies. Values live in an arena and refer to
//! each other by index, so cycles and depth in a hostile file cost neither stack nor leaks, and memory stays
//! proportional to the length of the pickle.

mod input;
mod legacy;
mod machine;
mod value;

use crate::checkpoint::error::TorchProblem;
pub(super) use legacy::Legacy;
use machine::Machine;

pub(super) use value::{Element, Saved, Storage, TensorView};
pub(crate) use value::{PARTS, Settings};

/// Longest pickle read, in bytes; that of a model of thousands of tensors has some hundred thousand.
pub(super) const MAX_PICKLE: u64 = 64 << 20;

/// The state dict that `pickle` builds, and what stands beside it.
///
/// The dict may be the pickle's result, or lie in it under a name that training scripts give it.
pub(super) fn saved(pickle: &[u8]) -> Result<Saved<'_>, TorchProblem> {
    let mut machine = Machine::new(pickle);
    let result = machine.run()?;
    machine.saved(result)
}
