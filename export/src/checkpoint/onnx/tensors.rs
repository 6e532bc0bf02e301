//! What was found in a graph, under transformers' names.

use std::collections::BTreeMap;

use ndarray::{ArrayD, IxDyn};

use super::pieces::{Linear, Norm, Pieces};
use crate::checkpoint::error::OnnxProblem;

/// Tensors by name.
#[derive(Default)]
pub(super) struct Tensors(pub BTreeMap<String, ArrayD<f32>>);

impl Tensors {
    pub fn insert(&mut self, name: String, values: ArrayD<f32>) {
        self.0.insert(name, values);
    }

    /// A weight and its bias, which is zero where the graph has none.
    pub fn affine(&mut self, name: &str, weight: ArrayD<f32>, bias: Option<ArrayD<f32>>) {
        let bias = bias.unwrap_or_else(|| ArrayD::zeros(IxDyn(&[weight.shape()[0]])));
        self.insert(format!("{name}.weight"), weight);
        self.insert(format!("{name}.bias"), bias);
    }

    pub fn linear(
        &mut self,
        pieces: &Pieces<'_>,
        linear: &Linear<'_>,
        name: &str,
    ) -> Result<(), OnnxProblem> {
        let [weight, bias] = pieces.values(linear)?;
        self.affine(name, weight, Some(bias));
        Ok(())
    }

    pub fn norm(&mut self, pieces: &Pieces<'_>, norm: &Norm<'_>, name: &str) -> Result<(), OnnxProblem> {
        let [weight, bias] = [norm.weight, norm.bias].map(|tensor| pieces.vector(tensor));
        self.affine(name, weight?, Some(bias?));
        Ok(())
    }
}
