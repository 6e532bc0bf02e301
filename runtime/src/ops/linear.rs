//! A linear layer over the last axis.

use tract_core::internal::*;
use wavlm_kernels::{Epilogue, MatMut};

use super::{Block, floats, floats_mut};
use crate::engine::Engine;
use crate::matrix::{Affine, Windows};

/// `x · weightᵀ + bias` for inputs of any rank; the last axis goes from columns to rows of the weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linear {
    pub engine: Engine,
    pub map: Affine,
}

impl Block for Linear {
    const NAME: &'static str = "Linear";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        *shape.last_mut().context("a linear layer needs an axis")? = self.map.rows().to_dim();
        Ok(tvec!(f32::fact(shape)))
    }

    fn eval(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (rows, columns) = (self.map.rows(), self.map.columns());
        let mut shape: TVec<usize> = inputs[0].shape().into();
        let last = shape.last_mut().context("a linear layer needs an axis")?;
        ensure!(*last == columns, "expected {columns} channels, found {last}");
        *last = rows;
        let windows = Windows::dense(floats(&inputs[0])?, columns);
        let mut out = Tensor::zero::<f32>(&shape)?;
        let matrix = MatMut::dense(floats_mut(&mut out)?, windows.rows, rows);
        self.map.apply(self.engine, windows, Epilogue::default(), matrix);
        Ok(tvec!(out.into_tvalue()))
    }
}
