//! Named tensors, as a run returns them.

use ndarray::{ArrayD, Axis};

/// The outputs of one run, in the order of the graph, under transformers' names.
///
/// A file with one head gives plain names (`logits`); with several, the head's name comes first (`words.logits`).
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    tensors: Vec<(String, ArrayD<f32>)>,
}

impl Outputs {
    pub(crate) fn push(&mut self, name: String, tensor: ArrayD<f32>) {
        self.tensors.push((name, tensor));
    }

    /// Of a batch of one, without the batch dimension.
    pub(crate) fn of_one(tensors: Vec<(String, ArrayD<f32>)>) -> Self {
        let tensors = tensors.into_iter().map(|(name, tensor)| (name, tensor.index_axis_move(Axis(0), 0)));
        Outputs { tensors: tensors.collect() }
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f32>> {
        self.tensors.iter().find(|(n, _)| n == name).map(|(_, tensor)| tensor)
    }

    /// All tensors with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayD<f32>)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }
}
