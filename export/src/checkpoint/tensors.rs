//! Named tensors as a checkpoint's files give them, widened to f32.

use std::collections::BTreeMap;

use half::{bf16, f16};
use ndarray::ArrayD;

use super::error::Problem;

/// Every tensor of a checkpoint under the name its file gives it.
#[derive(Debug, Default)]
pub struct NamedTensors {
    /// Tensors of floating-point numbers, as f32.
    pub floats: BTreeMap<String, ArrayD<f32>>,
    /// Tensors of any other type, which no WavLM needs: name and type.
    pub others: BTreeMap<String, String>,
    /// What the file calls those tensors that it calls something else.
    pub(crate) in_file: BTreeMap<String, String>,
}

impl NamedTensors {
    /// Whether there is a tensor of that name, of whatever type.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.floats.contains_key(name) || self.others.contains_key(name)
    }

    /// What the file calls a tensor.
    pub(crate) fn in_file<'a>(&'a self, name: &'a str) -> &'a str {
        self.in_file.get(name).map_or(name, String::as_str)
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.floats.keys().chain(self.others.keys())
    }

    /// Gives every tensor the name that `rename` makes of its own. Two that come to have the same name must be equal.
    pub(crate) fn rename(&mut self, rename: impl Fn(&str) -> String) -> Result<(), Problem> {
        let Self { floats, others, in_file: mut spelled } = std::mem::take(self);
        for (old, values) in floats {
            let new = rename(&old);
            let old = spelled.remove(&old).unwrap_or(old);
            match self.floats.get(&new) {
                Some(first) if !same_bits(first, &values) => {
                    let first = self.in_file(&new).to_owned();
                    return Err(Problem::TwoSpellings { first, second: old });
                }
                Some(_) => {}
                None => {
                    self.note_spelling(&new, old);
                    self.floats.insert(new, values);
                }
            }
        }
        for (old, kind) in others {
            let new = rename(&old);
            self.note_spelling(&new, spelled.remove(&old).unwrap_or(old));
            self.others.insert(new, kind);
        }
        Ok(())
    }

    /// Keeps what the file calls a tensor.
    pub(crate) fn note_spelling(&mut self, name: &str, in_file: String) {
        if in_file != name {
            self.in_file.insert(name.to_owned(), in_file);
        }
    }

    /// Moves a tensor into another set, where it replaces one of its name; `false` if there is none to move.
    pub(crate) fn move_to(&mut self, name: &str, other: &mut Self) -> bool {
        if let Some(values) = self.floats.remove(name) {
            other.floats.insert(name.to_owned(), values);
        } else if let Some(kind) = self.others.remove(name) {
            other.others.insert(name.to_owned(), kind);
        } else {
            return false;
        }
        true
    }
}

/// Whether two tensors are equal bit for bit.
pub(crate) fn same_bits(a: &ArrayD<f32>, b: &ArrayD<f32>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Floating-point types that weights are stored in; all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Float {
    F16,
    Bf16,
    F32,
    F64,
}

impl Float {
    /// Bytes of one number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Widens (for f64: rounds) whole numbers; bytes short of one at the end are left out.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
            Self::Bf16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
            Self::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Self::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        }
    }
}
