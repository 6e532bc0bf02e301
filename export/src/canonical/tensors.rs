//! Canonical tensors, in file order and by name.

use std::collections::HashMap;

use ndarray::{ArrayD, ArrayView1, ArrayView2, ArrayView3, Axis, Ix1, Ix3};
use wavlm_format::Role;

/// One tensor under its canonical name.
#[derive(Clone, Debug)]
pub struct CanonicalTensor {
    /// Such as `layers.0.attention.qkv.weight`.
    pub name: String,
    /// What it is for, which decides how the file stores it.
    pub role: Role,
    /// Row-major values; matrices have three dimensions.
    pub values: ArrayD<f32>,
}

/// All tensors of a model, in the order in which the forward pass reads them.
#[derive(Clone, Debug, Default)]
pub struct CanonicalTensors {
    tensors: Vec<CanonicalTensor>,
    by_name: HashMap<String, usize>,
}

impl CanonicalTensors {
    /// Adds a tensor. Names are unique: they are made of layer numbers and head names, which are.
    pub(crate) fn push(&mut self, name: String, role: Role, values: ArrayD<f32>) {
        let values =
            if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        let replaced = self.by_name.insert(name.clone(), self.tensors.len());
        debug_assert!(replaced.is_none(), "{name} twice");
        self.tensors.push(CanonicalTensor { name, role, values });
    }

    /// The tensors in file order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &CanonicalTensor> {
        self.tensors.iter()
    }

    /// Weights of all tensors together.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.values.len()).sum()
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.by_name.get(name).map(|&index| &self.tensors[index].values)
    }

    /// Puts other values of the same shape in a tensor's place.
    ///
    /// # Panics
    /// If there is no tensor of that name and shape.
    pub fn replace(&mut self, name: &str, values: ArrayD<f32>) {
        let index = self.by_name[name];
        assert_eq!(self.tensors[index].values.shape(), values.shape(), "{name}");
        self.tensors[index].values = values;
    }

    /// A vector of the model.
    ///
    /// # Panics
    /// Panics if there is none of that name: every tensor that a configuration implies was checked when it was read.
    pub(crate) fn vector(&self, name: &str) -> ArrayView1<'_, f32> {
        self.expect(name)
            .view()
            .into_dimensionality::<Ix1>()
            .unwrap_or_else(|_| panic!("{name} is no vector"))
    }

    /// A matrix of the model, by group.
    ///
    /// # Panics
    /// As [`vector`](Self::vector) does.
    pub(crate) fn groups(&self, name: &str) -> ArrayView3<'_, f32> {
        self.expect(name)
            .view()
            .into_dimensionality::<Ix3>()
            .unwrap_or_else(|_| panic!("{name} is no matrix"))
    }

    /// The only group of a matrix of the model.
    ///
    /// # Panics
    /// As [`vector`](Self::vector) does.
    pub(crate) fn matrix(&self, name: &str) -> ArrayView2<'_, f32> {
        self.groups(name).index_axis_move(Axis(0), 0)
    }

    fn expect(&self, name: &str) -> &ArrayD<f32> {
        self.get(name).unwrap_or_else(|| panic!("no tensor {name}"))
    }
}
