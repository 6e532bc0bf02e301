//! Operators of onnxruntime's optimiser (domain `com.microsoft`) taken apart again into those of ONNX that it made them of.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto, attribute_proto};

use super::graph::{float, integer, name_of, text};
use super::ranks::Ranks;
use crate::checkpoint::error::OnnxProblem;

/// The domain of those operators.
const DOMAIN: &str = "com.microsoft";

/// From this version on, `ReduceMean` is told its axes by an input.
const AXES_ARE_AN_INPUT: i64 = 18;

/// Most dimensions of a tensor that is transposed.
const MAX_RANK: usize = 8;

/// Puts operators of ONNX in the place of every one of onnxruntime's that is known. The nodes must come after those that make
/// their inputs.
pub(super) fn take_apart(graph: &mut GraphProto, opset: i64) -> Result<(), OnnxProblem> {
    // Some are called as if ONNX had them.
    let fused = |node: &NodeProto| node.domain == DOMAIN || node.op_type == "SimplifiedLayerNormalization";
    if !graph.node.iter().any(fused) {
        return Ok(());
    }
    let (mut ranks, mut products) = (Ranks::of(graph), HashSet::new());
    let nodes = std::mem::take(&mut graph.node);
    for node in nodes {
        let name = node.output.first().cloned().unwrap_or_default();
        let mut parts = Parts { name, opset, ..Parts::default() };
        let known = fused(&node) && parts.take_apart(&node, &ranks, &products);
        if fused(&node) && !known {
            return Err(OnnxProblem::Domain { node: name_of(&node), domain: node.domain.clone() });
        }
        let nodes = if known { parts.nodes } else { vec![node] };
        nodes.iter().for_each(|node| ranks.add(node));
        let matrix_products = nodes.iter().filter(|node| node.op_type == "MatMul");
        products.extend(matrix_products.flat_map(|node| node.output.iter().cloned()));
        graph.node.extend(nodes);
        graph.initializer.extend(parts.constants.into_values());
    }
    Ok(())
}

/// What stands in the place of one node.
#[derive(Default)]
struct Parts {
    /// What the names of tensors between begin with.
    name: String,
    /// Version of ONNX's operators.
    opset: i64,
    nodes: Vec<NodeProto>,
    constants: HashMap<String, TensorProto>,
}

impl Parts {
    /// Whether the operator is known.
    fn take_apart(&mut self, node: &NodeProto, ranks: &Ranks, products: &HashSet<String>) -> bool {
        let input = |index: usize| node.input.get(index).filter(|name| !name.is_empty()).cloned();
        let (Some(first), Some(output)) = (input(0), node.output.first().cloned()) else { return false };
        // One result is all that is known how to make, but for the sum that a skip gives as well.
        let extra = |index: usize| node.output.get(index).is_some_and(|name| !name.is_empty());
        match node.op_type.as_str() {
            _ if extra(1) || extra(2) => return false,
            "Gelu" => self.gelu(first, output),
            "BiasGelu" | "FastGelu" => {
                let biased = match input(1) {
                    Some(bias) => self.node("Add", &[&first, &bias]),
                    None => first,
                };
                let gelu = if node.op_type == "FastGelu" { Self::gelu_new } else { Self::gelu };
                gelu(self, biased, output);
            }
            "QuickGelu" => {
                let alpha = self.constant(float(node, "alpha").unwrap_or(1.702));
                let scaled = self.node("Mul", &[&first, &alpha]);
                let sigmoid = self.node("Sigmoid", &[&scaled]);
                self.last("Mul", &[&first, &sigmoid], output);
            }
            "FusedConv" | "FusedGemm" => return self.activated(node, input(3).is_some(), output),
            "SkipLayerNormalization" => {
                let (Some(skip), Some(gamma)) = (input(1), input(2)) else { return false };
                // The bias is that of the layer that makes one of the two.
                let (mut first, mut skip) = (first, skip);
                if let Some(bias) = input(4) {
                    let own = if products.contains(&first) { &mut first } else { &mut skip };
                    *own = self.node("Add", &[own, &bias]);
                }
                let sum = self.node("Add", &[&first, &skip]);
                if let Some(given) = node.output.get(3).filter(|name| !name.is_empty()).cloned() {
                    self.last("Identity", &[&sum], given);
                }
                let inputs: Vec<String> = [Some(sum), Some(gamma), input(3)].into_iter().flatten().collect();
                let attributes = vec![
                    of_float("epsilon", float(node, "epsilon").unwrap_or(1e-12)),
                    of_integer("axis", -1),
                ];
                self.nodes.push(made("LayerNormalization", inputs, output, attributes));
            }
            "SimplifiedLayerNormalization" => {
                let Some(gamma) = input(1).filter(|_| integer(node, "axis").unwrap_or(-1) == -1) else {
                    return false;
                };
                let epsilon = self.constant(float(node, "epsilon").unwrap_or(1e-5));
                let square = self.node("Mul", &[&first, &first]);
                let mean = self.mean(square);
                let sum = self.node("Add", &[&mean, &epsilon]);
                let deviation = self.node("Sqrt", &[&sum]);
                let normed = self.node("Div", &[&first, &deviation]);
                self.last("Mul", &[&normed, &gamma], output);
            }
            "FusedMatMul" | "TransposeMatMul" => {
                let Some(second) = input(1) else { return false };
                let flag = |name: &str| integer(node, name).unwrap_or(0) != 0;
                let sides = [(first, "transA", "transBatchA"), (second, "transB", "transBatchB")];
                let mut operands = Vec::new();
                for (tensor, last, batch) in sides {
                    match self.transposed(tensor, flag(last), flag(batch), ranks) {
                        Some(operand) => operands.push(operand),
                        None => return false,
                    }
                }
                let alpha = float(node, "alpha").unwrap_or(1.0);
                if alpha == 1.0 {
                    self.last("MatMul", &[&operands[0], &operands[1]], output);
                } else {
                    let (product, alpha) =
                        (self.node("MatMul", &[&operands[0], &operands[1]]), self.constant(alpha));
                    self.last("Mul", &[&product, &alpha], output);
                }
            }
            _ => return false,
        }
        true
    }

    /// `0.5 x (1 + erf(x / √2))`
    fn gelu(&mut self, x: String, output: String) {
        let [half, one, scale] =
            [0.5, 1.0, std::f32::consts::FRAC_1_SQRT_2].map(|value| self.constant(value));
        let scaled = self.node("Mul", &[&x, &scale]);
        let erf = self.node("Erf", &[&scaled]);
        let gate = self.node("Add", &[&erf, &one]);
        let gated = self.node("Mul", &[&x, &gate]);
        self.last("Mul", &[&gated, &half], output);
    }

    /// `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`
    fn gelu_new(&mut self, x: String, output: String) {
        let root = (2.0 / std::f32::consts::PI).sqrt();
        let [half, one, root, cubic] = [0.5, 1.0, root, 0.044_715].map(|value| self.constant(value));
        let square = self.node("Mul", &[&x, &x]);
        let cube = self.node("Mul", &[&square, &x]);
        let bent = self.node("Mul", &[&cube, &cubic]);
        let sum = self.node("Add", &[&x, &bent]);
        let scaled = self.node("Mul", &[&sum, &root]);
        let tanh = self.node("Tanh", &[&scaled]);
        let gate = self.node("Add", &[&tanh, &one]);
        let gated = self.node("Mul", &[&x, &gate]);
        self.last("Mul", &[&gated, &half], output);
    }

    /// A convolution or a product and its non-linearity, without what may be added in between.
    fn activated(&mut self, node: &NodeProto, adds: bool, output: String) -> bool {
        let activation = text(node, "activation").unwrap_or_default();
        if adds || !["Relu", "Tanh", "Sigmoid"].contains(&activation.as_str()) {
            return false;
        }
        let linear = format!("{}/linear", self.name);
        let own = |attribute: &&AttributeProto| !attribute.name.starts_with("activation");
        self.nodes.push(NodeProto {
            domain: String::new(),
            op_type: node.op_type.trim_start_matches("Fused").to_owned(),
            output: vec![linear.clone()],
            attribute: node.attribute.iter().filter(own).cloned().collect(),
            ..node.clone()
        });
        self.last(&activation, &[&linear], output);
        true
    }

    /// A tensor with its last two dimensions exchanged, and before that with its first dimension behind the others but the
    /// last; `None` where it cannot be told how many it has.
    fn transposed(&mut self, tensor: String, last: bool, batch: bool, ranks: &Ranks) -> Option<String> {
        if !last && !batch {
            return Some(tensor);
        }
        let rank = ranks.get(&tensor).filter(|rank| (2..=MAX_RANK).contains(rank))?;
        let mut order: Vec<i64> = (0..rank as i64).collect();
        if batch {
            order[..rank - 1].rotate_left(1);
        }
        if last {
            order.swap(rank - 2, rank - 1);
        }
        let output = self.fresh();
        self.nodes.push(made("Transpose", vec![tensor], output.clone(), vec![of_integers("perm", order)]));
        Some(output)
    }

    /// The mean over the last dimension, which stays.
    fn mean(&mut self, input: String) -> String {
        let output = self.fresh();
        let mut inputs = vec![input];
        let mut attributes = vec![of_integer("keepdims", 1)];
        if self.opset < AXES_ARE_AN_INPUT {
            attributes.push(of_integers("axes", vec![-1]));
        } else {
            let name = format!("{}/last", self.name);
            let tensor = TensorProto {
                name: name.clone(),
                dims: vec![1],
                data_type: DataType::Int64 as i32,
                raw_data: (-1_i64).to_le_bytes().to_vec(),
                ..TensorProto::default()
            };
            self.constants.insert(name.clone(), tensor);
            inputs.push(name);
        }
        self.nodes.push(made("ReduceMean", inputs, output.clone(), attributes));
        output
    }

    fn fresh(&self) -> String {
        format!("{}/{}", self.name, self.nodes.len())
    }

    /// Adds a node, and returns what its output is called.
    fn node(&mut self, operator: &str, inputs: &[&str]) -> String {
        let output = self.fresh();
        self.last(operator, inputs, output.clone());
        output
    }

    fn last(&mut self, operator: &str, inputs: &[&str], output: String) {
        let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
        self.nodes.push(made(operator, inputs, output, Vec::new()));
    }

    fn constant(&mut self, value: f32) -> String {
        let name = format!("{}/constant {value}", self.name);
        let tensor = TensorProto {
            name: name.clone(),
            data_type: DataType::Float as i32,
            raw_data: value.to_le_bytes().to_vec(),
            ..TensorProto::default()
        };
        self.constants.insert(name.clone(), tensor);
        name
    }
}

fn made(operator: &str, input: Vec<String>, output: String, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        name: output.clone(),
        op_type: operator.to_owned(),
        input,
        output: vec![output],
        attribute,
        ..NodeProto::default()
    }
}

fn of_float(name: &str, value: f32) -> AttributeProto {
    let r#type = attribute_proto::AttributeType::Float as i32;
    AttributeProto { name: name.to_owned(), r#type, f: value, ..AttributeProto::default() }
}

fn of_integers(name: &str, values: Vec<i64>) -> AttributeProto {
    let r#type = attribute_proto::AttributeType::Ints as i32;
    AttributeProto { name: name.to_owned(), r#type, ints: values, ..AttributeProto::default() }
}

fn of_integer(name: &str, value: i64) -> AttributeProto {
    let r#type = attribute_proto::AttributeType::Int as i32;
    AttributeProto { name: name.to_owned(), r#type, i: value, ..AttributeProto::default() }
}
