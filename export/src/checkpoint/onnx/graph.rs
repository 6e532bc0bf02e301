//! An ONNX graph to walk in: who makes a tensor, who reads it, which tensors are constants and what they hold.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::ArrayD;
use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::{
    InferenceModelExt, IntoRunnable, IntoTensor, Tensor, TractError, TractResult, tvec,
};
use tract_onnx::tensor::load_tensor;

use crate::checkpoint::error::OnnxProblem;

/// Operators that change how a tensor lies in memory, or its type, and not its values.
const SHAPING: [&str; 9] =
    ["Identity", "Cast", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Flatten", "Expand", "Tile"];

/// Operators whose results are weights if their inputs are: what exporters leave to be folded.
const FOLDING: [&str; 21] = [
    "Add",
    "Cast",
    "Concat",
    "Constant",
    "Div",
    "Exp",
    "Expand",
    "Identity",
    "Mul",
    "Pow",
    "ReduceL2",
    "ReduceSum",
    "Reshape",
    "Slice",
    "Softmax",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Transpose",
    "Unsqueeze",
];

/// Operators of quantised graphs.
const QUANTISED: [&str; 5] =
    ["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger"];

/// The graph of a model file.
pub(super) struct Graph<'a> {
    model: &'a ModelProto,
    graph: &'a GraphProto,
    /// Where external data may lie.
    folder: &'a str,
    producers: HashMap<&'a str, &'a NodeProto>,
    consumers: HashMap<&'a str, Vec<&'a NodeProto>>,
    initializers: HashMap<&'a str, &'a TensorProto>,
    /// Tensors that depend on no input of the graph.
    constants: HashSet<&'a str>,
}

impl<'a> Graph<'a> {
    /// Indexes a graph of one input, whose nodes come after those that make their inputs.
    pub fn new(model: &'a ModelProto, folder: &'a str) -> Result<Self, OnnxProblem> {
        let graph = model.graph.as_ref().ok_or(OnnxProblem::Empty)?;
        let mut index = Self {
            model,
            graph,
            folder,
            producers: HashMap::new(),
            consumers: HashMap::new(),
            initializers: HashMap::new(),
            constants: HashSet::new(),
        };
        for initializer in &graph.initializer {
            index.initializers.insert(&initializer.name, initializer);
            index.constants.insert(&initializer.name);
        }
        let mut known: HashSet<&str> = index.constants.clone();
        known.extend(graph.input.iter().map(|input| input.name.as_str()));
        for node in &graph.node {
            if QUANTISED.contains(&node.op_type.as_str()) {
                return Err(OnnxProblem::Quantised { operator: node.op_type.clone() });
            }
            let mut inputs = node.input.iter().map(String::as_str).filter(|input| !input.is_empty());
            if inputs.all(|input| index.constants.contains(input)) && !node.op_type.starts_with("Random") {
                index.constants.extend(node.output.iter().map(String::as_str));
            }
            for output in &node.output {
                known.insert(output);
                index.producers.insert(output, node);
            }
            for input in node.input.iter().filter(|input| !input.is_empty()) {
                index.consumers.entry(input).or_default().push(node);
            }
        }
        match graph.output.iter().find(|output| !known.contains(output.name.as_str())) {
            Some(output) => {
                Err(OnnxProblem::Unordered { node: "the graph".to_owned(), tensor: output.name.clone() })
            }
            None => Ok(index),
        }
    }

    /// The inputs that are no weights.
    pub fn inputs(&self) -> impl Iterator<Item = &'a ValueInfoProto> {
        let constants = &self.initializers;
        self.graph.input.iter().filter(move |input| !constants.contains_key(input.name.as_str()))
    }

    /// The names of the outputs.
    pub fn outputs(&self) -> impl Iterator<Item = &'a str> {
        self.graph.output.iter().map(|output| output.name.as_str())
    }

    /// The nodes of one operator, in the order of the graph, that work on anything but constants.
    pub fn nodes(&self, operator: &str) -> impl Iterator<Item = &'a NodeProto> {
        let at_work = |node: &&NodeProto| node.output.iter().any(|output| !self.is_constant(output));
        self.graph.node.iter().filter(move |node| node.op_type == operator).filter(at_work)
    }

    /// Every node that works on anything but constants.
    pub fn all_nodes(&self) -> impl Iterator<Item = &'a NodeProto> {
        self.graph.node.iter().filter(|node| node.output.iter().any(|output| !self.is_constant(output)))
    }

    /// The node that makes a tensor.
    pub fn producer(&self, tensor: &str) -> Option<&'a NodeProto> {
        self.producers.get(tensor).copied()
    }

    /// Whether a tensor depends on no input of the graph.
    pub fn is_constant(&self, tensor: &str) -> bool {
        self.constants.contains(tensor)
    }

    /// The tensor as it was before any change of shape or type.
    pub fn root(&self, tensor: &'a str) -> &'a str {
        let mut root = tensor;
        while let Some(node) = self.producer(root)
            && SHAPING.contains(&node.op_type.as_str())
            && let Some(input) = node.input.first()
            && !self.is_constant(input)
        {
            root = input;
        }
        root
    }

    /// The roots of a node's inputs that are no constants.
    pub fn variables(&self, node: &'a NodeProto) -> Vec<&'a str> {
        let inputs = node.input.iter().filter(|input| !input.is_empty() && !self.is_constant(input));
        inputs.map(|input| self.root(input)).collect()
    }

    /// The nodes that compute with a tensor, behind whatever changes its shape.
    pub fn readers(&self, tensor: &'a str) -> Vec<&'a NodeProto> {
        let (mut found, mut open) = (Vec::new(), vec![tensor]);
        while let Some(tensor) = open.pop() {
            for &node in self.consumers.get(tensor).into_iter().flatten() {
                let shapes_it = node.input.first().is_some_and(|first| first == tensor);
                match node.op_type.as_str() {
                    "Shape" | "Size" => {}
                    operator if SHAPING.contains(&operator) => {
                        if shapes_it {
                            open.extend(node.output.first().map(String::as_str));
                        }
                    }
                    _ => found.push(node),
                }
            }
        }
        found
    }

    /// The only input of a node that is a constant beside one that is none.
    pub fn constant_beside(&self, node: &'a NodeProto) -> Option<(&'a str, &'a str)> {
        match node.input.as_slice() {
            [a, b] if self.is_constant(b) && !self.is_constant(a) => Some((a, b)),
            [a, b] if self.is_constant(a) && !self.is_constant(b) => Some((b, a)),
            _ => None,
        }
    }

    /// The values of a constant, widened to f32.
    pub fn values(&self, tensor: &str) -> Result<ArrayD<f32>, OnnxProblem> {
        let unreadable = |cause: String| OnnxProblem::Constant { tensor: tensor.to_owned(), cause };
        // What others maintain may panic on a file that nobody sane would write.
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.evaluate(tensor)));
        let value = evaluated.map_err(|_| unreadable("its description is broken".to_owned()))?;
        let value = value.map_err(|error| unreadable(error.to_string()))?;
        let value = value.cast_to::<f32>().map_err(|error| unreadable(error.to_string()))?;
        let view = value.to_plain_array_view::<f32>().map_err(|error| unreadable(error.to_string()))?;
        let shape: Vec<usize> = view.shape().to_vec();
        let values = view.iter().copied().collect();
        ArrayD::from_shape_vec(shape, values).map_err(|error| unreadable(error.to_string()))
    }

    /// A constant of one element.
    pub fn scalar(&self, tensor: &str) -> Option<f32> {
        if !self.is_constant(tensor) {
            return None;
        }
        let values = self.values(tensor).ok()?;
        values.iter().next().copied().filter(|_| values.len() == 1)
    }

    /// The shape of a constant; `None` if it cannot be told.
    pub fn shape(&self, tensor: &str) -> Option<Vec<usize>> {
        if let Some(initializer) = self.initializers.get(tensor) {
            return initializer.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        }
        self.is_constant(tensor)
            .then(|| self.values(tensor).ok().map(|values| values.shape().to_vec()))
            .flatten()
    }

    /// A constant's value: that of an initializer, or what the nodes that make it come to, which tract runs.
    fn evaluate(&self, tensor: &str) -> TractResult<Tensor> {
        if let Some(initializer) = self.initializers.get(tensor) {
            return load_tensor(&MmapDataResolver, initializer, Some(self.folder));
        }
        let mut part = GraphProto::default();
        let (mut open, mut seen) = (vec![tensor], HashSet::new());
        let mut wanted: HashSet<*const NodeProto> = HashSet::new();
        while let Some(tensor) = open.pop().filter(|_| seen.len() <= self.graph.node.len()) {
            if !seen.insert(tensor) {
                continue;
            }
            if let Some(initializer) = self.initializers.get(tensor) {
                part.initializer.push((*initializer).clone());
            } else if let Some(node) = self.producer(tensor) {
                if !FOLDING.contains(&node.op_type.as_str()) {
                    return Err(TractError::msg(format!("{} makes it", name_of(node))));
                }
                wanted.insert(node);
                open.extend(node.input.iter().map(String::as_str).filter(|input| !input.is_empty()));
            }
        }
        part.node = self
            .graph
            .node
            .iter()
            .filter(|node| wanted.contains(&std::ptr::from_ref(*node)))
            .cloned()
            .collect();
        part.output = vec![ValueInfoProto { name: tensor.to_owned(), ..ValueInfoProto::default() }];
        let part = ModelProto {
            ir_version: self.model.ir_version,
            opset_import: self.model.opset_import.clone(),
            graph: Some(part),
            ..ModelProto::default()
        };
        let onnx = tract_onnx::onnx();
        let parsed = onnx.parse(&part, Some(self.folder))?;
        let result = parsed.model.into_typed()?.into_runnable()?.run(tvec!())?;
        let first = result.into_iter().next().ok_or_else(|| TractError::msg("no value"))?;
        Ok(first.into_tensor())
    }
}

/// An integer attribute.
pub(super) fn integer(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

/// A floating-point attribute.
pub(super) fn float(node: &NodeProto, name: &str) -> Option<f32> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.f)
}

/// An attribute that is text.
pub(super) fn text(node: &NodeProto, name: &str) -> Option<String> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name)?;
    String::from_utf8(attribute.s.clone()).ok()
}

/// A list of integers; of one element as often as asked for, if it is not there.
pub(super) fn integers(node: &NodeProto, name: &str) -> Vec<i64> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name);
    attribute.map(|attribute| attribute.ints.clone()).unwrap_or_default()
}

/// What a message calls a node.
pub(super) fn name_of(node: &NodeProto) -> String {
    let name = if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name };
    format!("{} `{name}`", node.op_type)
}

/// That a node does not fit what was recognised before it.
pub(super) fn unfit(node: &NodeProto, expected: &'static str) -> OnnxProblem {
    OnnxProblem::Misfit { node: name_of(node), expected }
}
