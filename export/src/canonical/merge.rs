//! Several heads over one encoder.

use super::model::CanonicalModel;
use crate::checkpoint::same_bits;

/// Why two checkpoints cannot share one encoder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A checkpoint without a head adds nothing.
    #[error("{0} has no head; export it alone, or say which head it has with --task")]
    NoHead(String),
    /// Two heads of one name.
    #[error("two heads are called `{0}`; give them different names")]
    SameName(String),
    /// The encoders differ in shape, or in how the waveform is prepared.
    #[error(
        "{0} has another configuration than the first checkpoint; heads can share an encoder only if it is the same"
    )]
    Configuration(String),
    /// The encoders differ in a weight.
    #[error(
        "{0} differs from the first checkpoint in `{1}`; freeze the encoder when training, or export two files"
    )]
    Tensor(String, String),
}

impl CanonicalModel {
    /// Takes over the head of `other`, whose encoder must be the same bit for bit. `from` names it in errors.
    pub fn add_head_of(&mut self, other: Self, from: &str) -> Result<(), MergeError> {
        if other.heads.is_empty() {
            return Err(MergeError::NoHead(from.to_owned()));
        }
        let taken = |name: &str| self.heads.iter().any(|head| head.name == name);
        if let Some(head) = other.heads.iter().find(|head| taken(&head.name)) {
            return Err(MergeError::SameName(head.name.clone()));
        }
        if other.encoder != self.encoder || other.preprocessing != self.preprocessing {
            return Err(MergeError::Configuration(from.to_owned()));
        }
        for tensor in other.tensors.iter() {
            if tensor.name.starts_with("heads.") {
                self.tensors.push(tensor.name.clone(), tensor.role, tensor.values.clone());
                continue;
            }
            let same = self.tensors.get(&tensor.name).is_some_and(|values| same_bits(values, &tensor.values));
            if !same {
                return Err(MergeError::Tensor(from.to_owned(), tensor.name.clone()));
            }
        }
        self.heads.extend(other.heads);
        Ok(())
    }
}
