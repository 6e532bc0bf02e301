//! Tensors: what each is for, and the list of them, in the order in which the tree names them.

use crate::header::{Packing, Precision};

/// What the model does with a tensor, which decides how it may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights of a linear layer, `[1, rows, columns]`; a row makes one output channel. Stored in the precision of the
    /// file; some of them may have 8 bits where that is 4.
    Linear,
    /// Weights of a convolution of the stem, of positions or of a head, `[groups, rows, columns]`. Stored in the precision of
    /// the file, but for 4 bits, in place of which they have 8: they are few, and errors in them tell.
    Matrix,
    /// Weights of a product that is small and sensitive, of the same shape. Stored as f32 in files of every precision.
    ExactMatrix,
    /// A bias, a gain, a table: read element by element, and stored as it is.
    Dense,
}

impl Role {
    /// Whether such a tensor may have that packing in a file of that precision.
    pub fn allows(self, packing: Packing, precision: Precision) -> bool {
        let wider = (self, packing, precision) == (Role::Linear, Packing::PanelsI8, Precision::Int4);
        wider || packing == self.packing(precision)
    }

    /// The packing that such a tensor usually has in a file of that precision.
    pub fn packing(self, precision: Precision) -> Packing {
        match (self, precision) {
            (Role::Linear, Precision::Int4) => Packing::PanelsI4,
            (Role::Linear | Role::Matrix, Precision::Int8) | (Role::Matrix, Precision::Int4) => {
                Packing::PanelsI8
            }
            (Role::Linear | Role::Matrix, Precision::F32) | (Role::ExactMatrix, _) => Packing::PanelsF32,
            (Role::Dense, _) => Packing::DenseF32,
        }
    }
}

/// A tensor as a configuration implies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Canonical name, such as `layers.0.attention.qkv.weight`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Logical shape, before padding.
    pub shape: Vec<u64>,
}

impl TensorSpec {
    /// The layer that it belongs to: its name without the last part, such as `layers.0.attention.qkv`.
    pub fn layer(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(layer, _)| layer)
    }
}

/// A place in the list of a [`Schema`](crate::Schema), which takes it as an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorId(usize);

impl TensorId {
    pub(super) fn place(self) -> usize {
        self.0
    }
}

/// A product with a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// A matrix of `[groups, rows, columns]`.
    pub weight: TensorId,
    /// One number per row of every group.
    pub bias: TensorId,
}

/// A norm over channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norm {
    /// A factor per channel.
    pub weight: TensorId,
    /// A summand per channel.
    pub bias: TensorId,
}

/// The list under construction.
#[derive(Debug, Default)]
pub(super) struct TensorList(Vec<TensorSpec>);

impl TensorList {
    pub fn into_tensors(self) -> Vec<TensorSpec> {
        self.0
    }

    pub fn add(&mut self, name: impl Into<String>, role: Role, shape: &[u64]) -> TensorId {
        self.0.push(TensorSpec { name: name.into(), role, shape: shape.to_vec() });
        TensorId(self.0.len() - 1)
    }

    pub fn dense(&mut self, name: impl Into<String>, shape: &[u64]) -> TensorId {
        self.add(name, Role::Dense, shape)
    }

    /// `{layer}.weight` of `[1, rows, columns]`, and `{layer}.bias`.
    pub fn linear(&mut self, layer: &str, rows: u64, columns: u64) -> Affine {
        self.affine(layer, Role::Linear, [1, rows, columns])
    }

    /// `{layer}.weight` of `[groups, rows, columns]`, and `{layer}.bias`.
    pub fn affine(&mut self, layer: &str, role: Role, shape: [u64; 3]) -> Affine {
        let [groups, rows, _] = shape;
        Affine {
            weight: self.add(format!("{layer}.weight"), role, &shape),
            bias: self.dense(format!("{layer}.bias"), &[groups * rows]),
        }
    }

    /// `{layer}.weight` and `{layer}.bias`, both of `[channels]`.
    pub fn norm(&mut self, layer: &str, channels: u64) -> Norm {
        Norm {
            weight: self.dense(format!("{layer}.weight"), &[channels]),
            bias: self.dense(format!("{layer}.bias"), &[channels]),
        }
    }
}
