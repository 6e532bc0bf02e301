//! What every part of the graph is built with: nodes, outputs, and the weights that the schema names.

use std::sync::Arc;

use tract_core::internal::*;
use wavlm_format::schema::{self, OutputSpec, TensorId};
use wavlm_format::{Activation, ModelFile, Schema};

use crate::engine::Engine;
use crate::error::Error;
use crate::matrix::{Affine, Matrix, MatrixF32, Vector};
use crate::ops::{Block, LayerNorm, Linear, Node};

/// Which part of the model a graph computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// From the waveform to the heads.
    Whole,
    /// From the waveform to frames behind the projection, each of which depends on its own samples alone.
    Frames,
    /// From such frames to the heads.
    Context,
}

/// What the graph is to give.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What else is said here holds for the parts that have it.
    pub part: Part,
    /// Names of the heads to run.
    pub heads: Vec<String>,
    /// `last_hidden_state` and `extract_features`
    pub base: bool,
    /// `hidden_states.N`
    pub hidden_states: bool,
    /// `attentions.N`
    pub attentions: bool,
    /// A second input `(batch)` tells the valid samples of each row.
    pub masked: bool,
}

/// A planned graph and what its outputs are called.
pub(crate) struct Graph {
    pub plan: Arc<TypedSimplePlan>,
    /// What is asked for, and its index among the plan's outputs.
    pub outputs: Vec<(OutputSpec, usize)>,
}

/// The graph under construction.
pub(super) struct Builder<'a> {
    pub file: &'a Arc<ModelFile>,
    pub schema: &'a Schema,
    pub engine: Engine,
    pub model: TypedModel,
    outputs: Vec<(OutputSpec, OutletId)>,
}

impl<'a> Builder<'a> {
    /// A graph without nodes.
    pub fn new(file: &'a Arc<ModelFile>, engine: Engine) -> Self {
        Self { file, schema: file.schema(), engine, model: TypedModel::default(), outputs: Vec::new() }
    }

    /// Adds a node and returns its first output.
    pub fn add(&mut self, name: &str, block: impl Block, inputs: &[OutletId]) -> Result<OutletId, Error> {
        Ok(self.add_many(name, block, inputs)?[0])
    }

    /// Adds a node and returns all of its outputs.
    pub fn add_many(
        &mut self,
        name: &str,
        block: impl Block,
        inputs: &[OutletId],
    ) -> Result<TVec<OutletId>, Error> {
        Ok(self.model.wire_node(name, Node(block), inputs)?)
    }

    /// Makes `outlet` an output of the graph.
    pub fn output(&mut self, spec: &OutputSpec, outlet: OutletId) {
        self.outputs.push((spec.clone(), outlet));
    }

    /// A matrix in the precision of the file.
    pub fn matrix(&self, id: TensorId) -> Result<Matrix, Error> {
        Matrix::load(self.file, &self.schema[id].name)
    }

    /// A matrix that is f32 in files of every precision.
    pub fn exact_matrix(&self, id: TensorId) -> Result<MatrixF32, Error> {
        MatrixF32::load(self.file, &self.schema[id].name)
    }

    /// A dense tensor.
    pub fn vector(&self, id: TensorId) -> Result<Vector, Error> {
        Vector::load(self.file, &self.schema[id].name)
    }

    /// Weight and bias of a product.
    pub fn affine(&self, affine: schema::Affine) -> Result<Affine, Error> {
        Ok(Affine { weight: self.matrix(affine.weight)?, bias: self.vector(affine.bias)? })
    }

    /// Weight and bias of a norm.
    pub fn norm(&self, norm: schema::Norm) -> Result<(Vector, Vector), Error> {
        Ok((self.vector(norm.weight)?, self.vector(norm.bias)?))
    }

    /// What nodes are called that compute with a tensor: the name of its layer.
    pub fn layer_name(&self, id: TensorId) -> &'a str {
        self.schema[id].layer()
    }

    /// Adds a linear layer.
    pub fn linear(&mut self, affine: schema::Affine, input: OutletId) -> Result<OutletId, Error> {
        let linear = Linear { engine: self.engine, map: self.affine(affine)? };
        self.add(self.layer_name(affine.weight), linear, &[input])
    }

    /// Adds a layer norm.
    pub fn layer_norm(
        &mut self,
        norm: schema::Norm,
        epsilon: f32,
        input: OutletId,
    ) -> Result<OutletId, Error> {
        let (weight, bias) = self.norm(norm)?;
        let layer_norm = LayerNorm { engine: self.engine, weight, bias, epsilon_bits: epsilon.to_bits() };
        self.add(self.layer_name(norm.weight), layer_norm, &[input])
    }

    /// Selects the outputs, each outlet once, and plans.
    pub fn finish(mut self) -> Result<Graph, Error> {
        let mut outlets: Vec<OutletId> = Vec::new();
        let mut outputs = Vec::new();
        for (spec, outlet) in self.outputs {
            let index = outlets.iter().position(|&o| o == outlet).unwrap_or_else(|| {
                outlets.push(outlet);
                outlets.len() - 1
            });
            outputs.push((spec, index));
        }
        self.model.select_output_outlets(&outlets)?;
        Ok(Graph { plan: self.model.into_runnable()?, outputs })
    }
}

/// The kernel's name of an activation of the format.
pub(super) fn activation(activation: Activation) -> wavlm_kernels::Activation {
    match activation {
        Activation::Gelu => wavlm_kernels::Activation::Gelu,
        Activation::GeluNew => wavlm_kernels::Activation::GeluNew,
        Activation::Relu => wavlm_kernels::Activation::Relu,
        Activation::Selu => wavlm_kernels::Activation::Selu,
        Activation::Silu => wavlm_kernels::Activation::Silu,
        Activation::Tanh => wavlm_kernels::Activation::Tanh,
    }
}
