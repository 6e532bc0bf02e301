//! From a header to a graph: which nodes there are, in the order in which data flows through them.

use std::sync::Arc;

use tract_core::internal::*;
use wavlm_format::{Activation, ModelFile};

use crate::engine::Engine;
use crate::error::Error;
use crate::matrix::{Affine, Matrix, Vector};
use crate::ops::{Block, LayerNorm, Linear, Node};

mod encoder;
mod heads;

/// What the graph is to give besides the heads' results.
#[derive(Clone, Debug)]
pub(crate) struct Request {
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
    /// Name and index among the plan's outputs.
    pub outputs: Vec<(String, usize)>,
}

/// Builds and plans the graph of `file`. Inputs: waveform `(B, S)`, and lengths `(B)` if masked; both sizes are symbols.
pub(crate) fn build(file: &Arc<ModelFile>, engine: Engine, request: &Request) -> Result<Graph, Error> {
    let mut builder = Builder { file, engine, model: TypedModel::default(), named: Vec::new() };
    let (batch, samples) = (builder.model.symbols.sym("B"), builder.model.symbols.sym("S"));
    let waveform = builder.model.add_source("waveform", f32::fact([batch.to_dim(), samples.to_dim()]))?;
    let lengths = match request.masked {
        true => Some(builder.model.add_source("lengths", i64::fact([batch.to_dim()]))?),
        false => None,
    };
    let encoded = builder.encoder(waveform, lengths, request)?;
    for name in &request.heads {
        builder.head(name, &encoded, lengths)?;
    }
    builder.finish()
}

/// The graph under construction.
struct Builder<'a> {
    file: &'a Arc<ModelFile>,
    engine: Engine,
    model: TypedModel,
    named: Vec<(String, OutletId)>,
}

impl Builder<'_> {
    /// Adds a node and returns its first output.
    fn add(&mut self, name: &str, block: impl Block, inputs: &[OutletId]) -> Result<OutletId, Error> {
        Ok(self.add_many(name, block, inputs)?[0])
    }

    /// Adds a node and returns all of its outputs.
    fn add_many(
        &mut self,
        name: &str,
        block: impl Block,
        inputs: &[OutletId],
    ) -> Result<TVec<OutletId>, Error> {
        Ok(self.model.wire_node(name, Node(block), inputs)?)
    }

    /// Makes `outlet` an output of the graph.
    fn name(&mut self, name: impl Into<String>, outlet: OutletId) {
        self.named.push((name.into(), outlet));
    }

    fn matrix(&self, name: &str, groups: usize, rows: usize, columns: usize) -> Result<Matrix, Error> {
        Matrix::load(self.file, name, [groups, rows, columns])
    }

    fn vector(&self, name: &str, length: usize) -> Result<Vector, Error> {
        Vector::load(self.file, name, &[length])
    }

    /// `{name}.weight` and `{name}.bias` of a linear layer.
    fn affine(&self, name: &str, rows: usize, columns: usize) -> Result<Affine, Error> {
        let weight = self.matrix(&format!("{name}.weight"), 1, rows, columns)?;
        Ok(Affine { weight, bias: self.vector(&format!("{name}.bias"), rows)? })
    }

    fn linear(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
        input: OutletId,
    ) -> Result<OutletId, Error> {
        let map = self.affine(name, rows, columns)?;
        self.add(name, Linear { engine: self.engine, map }, &[input])
    }

    fn layer_norm(
        &mut self,
        name: &str,
        length: usize,
        epsilon: f32,
        input: OutletId,
    ) -> Result<OutletId, Error> {
        let weight = self.vector(&format!("{name}.weight"), length)?;
        let bias = self.vector(&format!("{name}.bias"), length)?;
        let norm = LayerNorm { engine: self.engine, weight, bias, epsilon_bits: epsilon.to_bits() };
        self.add(name, norm, &[input])
    }

    /// Selects the named outlets as outputs, each once, and plans.
    fn finish(mut self) -> Result<Graph, Error> {
        let mut outlets: Vec<OutletId> = Vec::new();
        let mut outputs = Vec::new();
        for (name, outlet) in self.named {
            let index = outlets.iter().position(|&o| o == outlet).unwrap_or_else(|| {
                outlets.push(outlet);
                outlets.len() - 1
            });
            outputs.push((name, index));
        }
        self.model.select_output_outlets(&outlets)?;
        Ok(Graph { plan: self.model.into_runnable()?, outputs })
    }
}

/// The kernel's name of an activation of the format.
fn activation(activation: Activation) -> wavlm_kernels::Activation {
    match activation {
        Activation::Gelu => wavlm_kernels::Activation::Gelu,
        Activation::GeluNew => wavlm_kernels::Activation::GeluNew,
        Activation::Relu => wavlm_kernels::Activation::Relu,
        Activation::Selu => wavlm_kernels::Activation::Selu,
        Activation::Silu => wavlm_kernels::Activation::Silu,
        Activation::Tanh => wavlm_kernels::Activation::Tanh,
    }
}
