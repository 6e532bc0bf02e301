//! A linear layer over the last axis.

use tract_core::internal::*;
use wavlm_kernels::MatMut;

use super::{Block, floats, floats_mut};
use crate::engine::Engine;
use crate::matrix::{Matrix, Vector, Windows};

/// `x · weightᵀ + bias` for inputs of any rank; the last axis goes from columns to rows of the weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linear {
    pub engine: Engine,
    pub weight: Matrix,
    pub bias: Vector,
}

impl Block for Linear {
    const NAME: &'static str = "Linear";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        *shape.last_mut().context("a linear layer needs an axis")? = self.weight.rows().to_dim();
        Ok(tvec!(f32::fact(shape)))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (rows, columns) = (self.weight.rows(), self.weight.columns());
        let mut shape: TVec<usize> = inputs[0].shape().into();
        let last = shape.last_mut().context("a linear layer needs an axis")?;
        ensure!(*last == columns, "expected {columns} channels, found {last}");
        *last = rows;
        let windows = Windows::dense(floats(&inputs[0])?, columns);
        let mut out = Tensor::zero::<f32>(&shape)?;
        let matrix = MatMut::new(floats_mut(&mut out)?, windows.rows, rows, rows);
        self.weight.apply(self.engine, windows, Some(&self.bias), None, false, matrix);
        Ok(tvec!(out.into_tvalue()))
    }
}
