//! How many dimensions the tensors of a graph have, as far as its nodes tell.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto, type_proto};

use super::graph::integers;

/// What is known, by tensor.
pub(super) struct Ranks {
    ranks: HashMap<String, usize>,
    /// How many numbers lists have: a shape's is the rank of what is shaped.
    lengths: HashMap<String, usize>,
}

impl Ranks {
    /// Those of the inputs, of the weights, and of what the graph describes.
    pub fn of(graph: &GraphProto) -> Self {
        let weights = graph.initializer.iter().map(|tensor| (tensor.name.clone(), tensor.dims.len()));
        let described = graph.input.iter().chain(&graph.output).chain(&graph.value_info);
        let described = described.filter_map(|value| Some((value.name.clone(), rank_of(value)?)));
        let lists = graph.initializer.iter().filter(|tensor| tensor.dims.len() == 1);
        let lengths =
            lists.filter_map(|tensor| Some((tensor.name.clone(), usize::try_from(tensor.dims[0]).ok()?)));
        Self { ranks: described.chain(weights).collect(), lengths: lengths.collect() }
    }

    /// How many dimensions a tensor has.
    pub fn get(&self, tensor: &str) -> Option<usize> {
        self.ranks.get(tensor).copied()
    }

    /// Takes over what a node tells of its outputs, whose inputs are known as far as they can be.
    pub fn add(&mut self, node: &NodeProto) {
        let input = |index: usize| node.input.get(index).and_then(|name| self.get(name));
        let length = |index: usize| node.input.get(index).and_then(|name| self.lengths.get(name)).copied();
        let attribute = |name: &str| Some(integers(node, name).len()).filter(|&length| length > 0);
        let axes = || length(1).or(attribute("axes"));
        let rank = match node.op_type.as_str() {
            "Transpose" => attribute("perm").or(input(0)),
            "Reshape" | "Expand" => length(1),
            "Conv" => input(1).or(input(0)),
            "Unsqueeze" => input(0).zip(axes()).map(|(rank, axes)| rank + axes),
            "Squeeze" => input(0).zip(axes()).and_then(|(rank, axes)| rank.checked_sub(axes)),
            "Gather" => input(0).zip(input(1)).and_then(|(data, places)| (data + places).checked_sub(1)),
            "Concat" | "Slice" | "Split" | "Softmax" | "LayerNormalization" | "Identity" | "Cast" | "Pad" => {
                input(0)
            }
            _ => node.input.iter().filter_map(|name| self.get(name)).max(),
        };
        // Shapes are put together from pieces of one number each.
        if let (true, Some(output)) = (node.op_type == "Concat", node.output.first()) {
            self.lengths.entry(output.clone()).or_insert(node.input.len());
        }
        if let Some(rank) = rank {
            for output in &node.output {
                self.ranks.entry(output.clone()).or_insert(rank);
            }
        }
    }
}

fn rank_of(value: &ValueInfoProto) -> Option<usize> {
    let type_proto::Value::TensorType(tensor) = value.r#type.as_ref()?.value.as_ref()?;
    Some(tensor.shape.as_ref()?.dim.len())
}
