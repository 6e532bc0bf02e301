//! A low-rank update of one layer: `W + scale · B A`, and with DoRA each row of that brought to a length of its own.

use ndarray::{Array2, ArrayD, Axis};

use super::config::AdapterConfig;
use super::names::Part;
use crate::checkpoint::error::{AdapterProblem, Problem};
use crate::checkpoint::tensors::NamedTensors;

/// The parts of one layer's update, as far as the file has them.
#[derive(Debug, Default)]
pub(super) struct Update {
    a: Option<ArrayD<f32>>,
    b: Option<ArrayD<f32>>,
    bias: Option<ArrayD<f32>>,
    magnitude: Option<ArrayD<f32>>,
    /// The layer is an embedding, whose update is transposed.
    embedding: bool,
}

impl Update {
    pub fn set(&mut self, part: Part, values: ArrayD<f32>) {
        self.embedding |= matches!(part, Part::EmbeddingA | Part::EmbeddingB);
        let slot = match part {
            Part::A | Part::EmbeddingA => &mut self.a,
            Part::B | Part::EmbeddingB => &mut self.b,
            Part::Bias => &mut self.bias,
            Part::Magnitude => &mut self.magnitude,
        };
        *slot = Some(values);
    }

    /// The rank, which is the number of rows of `A`.
    fn rank(&self) -> usize {
        self.a.as_ref().and_then(|a| a.shape().first().copied()).unwrap_or(0)
    }

    /// Adds the update to the layer's weight and bias.
    pub fn apply(
        &self,
        module: &str,
        tensors: &mut NamedTensors,
        config: &AdapterConfig,
    ) -> Result<(), Problem> {
        let incomplete = |part| AdapterProblem::Incomplete { module: module.to_owned(), part };
        let misfit = || AdapterProblem::Shape { module: module.to_owned() };
        let a = self.a.as_ref().ok_or_else(|| incomplete("lora_A"))?;
        let b = self.b.as_ref().ok_or_else(|| incomplete("lora_B"))?;
        let weight = tensors.floats.get_mut(&format!("{module}.weight"));
        let weight = weight.ok_or_else(|| incomplete("base layer's weight"))?;
        if !self.fits(weight.shape(), a.shape(), b.shape()) {
            return Err(misfit().into());
        }
        let scale = config.scale(module, self.rank())?;
        let product = rows(b).dot(&rows(a));
        let product = if self.embedding { product.reversed_axes() } else { product };
        let update = product.as_standard_layout().into_owned().into_shape_with_order(weight.raw_dim());
        weight.scaled_add(scale, &update.map_err(|_| misfit())?);
        if let Some(magnitude) = &self.magnitude {
            // Of an embedding's table, PEFT measures the columns.
            let axis = Axis(if self.embedding { 1 } else { 0 });
            if magnitude.len() != weight.len_of(axis) {
                return Err(misfit().into());
            }
            for (mut lane, &length) in weight.axis_iter_mut(axis).zip(magnitude) {
                let found = lane.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>().sqrt();
                lane *= (f64::from(length) / found) as f32;
            }
        }
        if let Some(added) = &self.bias {
            let bias = tensors.floats.get_mut(&format!("{module}.bias"));
            let bias = bias.ok_or_else(|| incomplete("base layer's bias"))?;
            if bias.shape() != added.shape() {
                return Err(misfit().into());
            }
            bias.scaled_add(scale, added);
        }
        Ok(())
    }

    /// Whether the shapes belong together: `A` as the weight with the rank in place of the outputs, `B` as one that
    /// leads from the rank to the outputs through a single tap.
    fn fits(&self, weight: &[usize], a: &[usize], b: &[usize]) -> bool {
        let rank = self.rank();
        match *weight {
            [entries, width] if self.embedding => a == [rank, entries] && b == [width, rank],
            [outputs, inputs] => a == [rank, inputs] && b == [outputs, rank],
            [outputs, inputs, taps] => a == [rank, inputs, taps] && b == [outputs, rank, 1],
            _ => false,
        }
    }
}

/// The tensor as a matrix: its first dimension, and all others in one.
fn rows(tensor: &ArrayD<f32>) -> Array2<f32> {
    let shape = [tensor.len_of(Axis(0)), tensor.len() / tensor.len_of(Axis(0)).max(1)];
    let values = tensor.iter().copied().collect();
    Array2::from_shape_vec(shape, values).expect("as many values as before")
}
