//! Pieces that networks are made of, however an exporter spells them: linear layers, norms, convolutions, non-linearities.

use std::collections::HashSet;

use ndarray::{Array1, ArrayD, Ix2, Ix3, s};
use tract_onnx::pb::NodeProto;

use super::activation::{self, Activation};
use super::graph::{Graph, float, integer, integers, name_of, text};
use crate::checkpoint::error::OnnxProblem;

/// Operators that work element by element.
const ELEMENTWISE: [&str; 17] = [
    "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Neg", "Exp", "Sqrt", "Erf", "Tanh", "Sigmoid", "Relu",
    "Swish", "Selu", "Gelu",
];

/// `y = x Wᵀ + b` over the last axis: `Gemm`, or `MatMul` with an `Add` behind it.
#[derive(Clone, Debug)]
pub(super) struct Linear<'a> {
    /// Root of what it reads.
    pub input: &'a str,
    /// What it makes.
    pub output: &'a str,
    weight: &'a str,
    /// The weight has a row for each output, and not a column.
    rows_are_outputs: bool,
    /// What the weight is to be multiplied by, since whatever makes the input was divided by it.
    factor: f32,
    /// What is added, which an optimiser may have left in two places.
    biases: [Option<&'a str>; 2],
    /// The outputs that are its own, where one matrix serves several layers: the first, and how many.
    part: Option<(usize, usize)>,
}

impl Linear<'_> {
    /// The same layer over inputs that were divided by `factor`.
    pub fn times(self, factor: f32) -> Self {
        Self { factor: self.factor * factor, ..self }
    }
}

/// A layer norm over the last axis.
#[derive(Clone, Debug)]
pub(super) struct Norm<'a> {
    /// Root of what it reads.
    pub input: &'a str,
    /// What it makes.
    pub output: &'a str,
    pub weight: &'a str,
    pub bias: &'a str,
    pub epsilon: f32,
}

/// A norm of each channel over time.
pub(super) struct GroupNorm<'a> {
    pub weight: ArrayD<f32>,
    pub bias: ArrayD<f32>,
    /// What it makes.
    pub output: &'a str,
}

/// A convolution over time.
#[derive(Clone, Debug)]
pub(super) struct Conv<'a> {
    pub node: &'a NodeProto,
    /// Root of what it reads.
    pub input: &'a str,
    /// What it makes.
    pub output: &'a str,
    pub stride: u32,
    pub dilation: u32,
    pub groups: u32,
    pub padding: u32,
}

/// Every piece of a graph.
pub(super) struct Pieces<'a> {
    pub graph: &'a Graph<'a>,
    linears: Vec<Linear<'a>>,
    norms: Vec<Norm<'a>>,
    convs: Vec<Conv<'a>>,
    /// What pieces make: where the search for a non-linearity's input ends.
    made: HashSet<&'a str>,
}

impl<'a> Pieces<'a> {
    pub fn find(graph: &'a Graph<'a>) -> Result<Self, OnnxProblem> {
        let mut linears: Vec<Linear<'_>> = graph.all_nodes().filter_map(|node| linear(graph, node)).collect();
        let parts: Vec<Linear<'_>> = linears.iter().flat_map(|whole| parts(graph, whole)).collect();
        linears.extend(parts);
        let norms: Vec<Norm<'_>> = graph.all_nodes().filter_map(|node| norm(graph, node)).collect();
        let convs = graph.nodes("Conv").map(|node| conv(graph, node)).collect::<Result<Vec<_>, _>>()?;
        let mut made: HashSet<&str> = linears.iter().map(|linear| linear.output).collect();
        made.extend(norms.iter().map(|norm| norm.output));
        made.extend(convs.iter().map(|conv| conv.output));
        Ok(Self { graph, linears, norms, convs, made })
    }

    pub fn convs(&self) -> &[Conv<'a>] {
        &self.convs
    }

    /// The linear layers that read a tensor.
    pub fn linears_of(&self, input: &str) -> Vec<&Linear<'a>> {
        self.linears.iter().filter(|linear| linear.input == input).collect()
    }

    /// The linear layer that makes a tensor.
    pub fn linear_to(&self, output: &str) -> Option<&Linear<'a>> {
        self.linears.iter().find(|linear| linear.output == output)
    }

    /// The layer norm that reads a tensor.
    pub fn norm_of(&self, input: &str) -> Option<&Norm<'a>> {
        self.norms.iter().find(|norm| norm.input == input)
    }

    /// The layer norm that makes a tensor.
    pub fn norm_to(&self, output: &str) -> Option<&Norm<'a>> {
        self.norms.iter().find(|norm| norm.output == output)
    }

    /// The values of a vector, whatever shape it lies in.
    pub fn vector(&self, tensor: &str) -> Result<ArrayD<f32>, OnnxProblem> {
        Ok(self.graph.values(tensor)?.flatten().into_owned().into_dyn())
    }

    /// Also ends the search for a non-linearity's input here.
    pub fn note_made(&mut self, tensor: &'a str) {
        self.made.insert(tensor);
    }

    /// The weight (outputs, inputs) and the bias of a linear layer.
    pub fn values(&self, linear: &Linear<'_>) -> Result<[ArrayD<f32>; 2], OnnxProblem> {
        let weight = self.graph.values(linear.weight)?;
        let unfit =
            || OnnxProblem::Constant { tensor: linear.weight.to_owned(), cause: "not a matrix".to_owned() };
        let weight = weight.into_dimensionality::<Ix2>().map_err(|_| unfit())?;
        let weight = if linear.rows_are_outputs { weight } else { weight.reversed_axes() };
        let (first, count) = linear.part.unwrap_or((0, weight.nrows()));
        let rows = s![first..(first + count).min(weight.nrows()), ..];
        let mut weight = weight.slice(rows).as_standard_layout().into_owned();
        weight *= linear.factor;
        let mut sum = Array1::zeros(weight.nrows());
        for (bias, whole) in linear.biases.into_iter().zip([linear.part, None]) {
            let Some(bias) = bias else { continue };
            let values = self.graph.values(bias)?.flatten().into_owned();
            let (first, count) = whole.unwrap_or((0, values.len()));
            let unfit = || OnnxProblem::Constant {
                tensor: bias.to_owned(),
                cause: "not one number an output".to_owned(),
            };
            let own = values.slice(s![first.min(values.len())..(first + count).min(values.len())]);
            if own.len() != sum.len() {
                return Err(unfit());
            }
            sum += &own;
        }
        Ok([weight.into_dyn(), sum.into_dyn()])
    }

    /// Outputs of a linear layer; 0 if they cannot be told.
    pub fn width(&self, linear: &Linear<'_>) -> usize {
        if let Some((_, count)) = linear.part {
            return count;
        }
        let shape = self.graph.shape(linear.weight).unwrap_or_default();
        shape.get(usize::from(!linear.rows_are_outputs)).copied().unwrap_or(0)
    }

    /// A convolution's weight (outputs, inputs of a group, taps) and bias.
    pub fn conv_values(&self, conv: &Conv<'_>) -> Result<(ArrayD<f32>, Option<ArrayD<f32>>), OnnxProblem> {
        let unfit = || OnnxProblem::Misfit { node: name_of(conv.node), expected: "a convolution over time" };
        let weight = self.graph.values(conv.node.input.get(1).ok_or_else(unfit)?)?;
        let weight = weight.into_dimensionality::<Ix3>().map_err(|_| unfit())?.into_dyn();
        let bias = conv.node.input.get(2).filter(|bias| !bias.is_empty());
        let mut bias = bias.map(|bias| self.graph.values(bias)).transpose()?;
        if bias.is_none()
            && let Some((values, _)) = self.added(conv.output)?
            && values.len() == weight.shape()[0]
        {
            bias = Some(values);
        }
        Ok((weight, bias))
    }

    /// What a convolution makes once its bias is added, if that stands behind it.
    pub fn conv_output(&self, conv: &Conv<'a>) -> Result<&'a str, OnnxProblem> {
        if conv.node.input.get(2).is_some_and(|bias| !bias.is_empty()) {
            return Ok(conv.output);
        }
        Ok(self.added(conv.output)?.map_or(conv.output, |(_, output)| output))
    }

    /// The constant vector that is added to a tensor, if nothing else reads it, and the sum.
    fn added(&self, tensor: &'a str) -> Result<Option<(ArrayD<f32>, &'a str)>, OnnxProblem> {
        let readers = self.graph.readers(tensor);
        let [add] = readers.as_slice() else { return Ok(None) };
        let (Some((_, constant)), Some(output)) = (self.graph.constant_beside(add), add.output.first())
        else {
            return Ok(None);
        };
        if add.op_type != "Add" {
            return Ok(None);
        }
        let values = self.graph.values(constant)?.flatten().into_owned().into_dyn();
        Ok((values.len() > 1).then_some((values, output)))
    }

    /// The group norm of one group a channel that reads a tensor: weight, bias and what it makes.
    pub fn group_norm(&self, input: &'a str) -> Result<Option<GroupNorm<'a>>, OnnxProblem> {
        let normalises = |node: &&NodeProto| {
            matches!(node.op_type.as_str(), "InstanceNormalization" | "GroupNormalization")
        };
        let Some(node) = self.graph.readers(input).into_iter().find(normalises) else { return Ok(None) };
        let unfit =
            || OnnxProblem::Misfit { node: name_of(node), expected: "the norm of each channel over time" };
        let (Some(scale), Some(bias), Some(output)) =
            (node.input.get(1), node.input.get(2), node.output.first())
        else {
            return Err(unfit());
        };
        let vector = |name: &str| Ok::<_, OnnxProblem>(self.graph.values(name)?.flatten().into_owned());
        let (mut weight, mut bias, mut output) = (vector(scale)?, vector(bias)?, output.as_str());
        // The norm's own factors, which exporters write as a product and a sum behind it.
        while let [next] = self.graph.readers(output).as_slice()
            && let Some((_, constant)) = self.graph.constant_beside(next)
            && matches!(next.op_type.as_str(), "Mul" | "Add")
            && let values = vector(constant)?
            && values.len() == weight.len()
            && values.len() > 1
        {
            match next.op_type.as_str() {
                "Mul" => {
                    weight *= &values;
                    bias *= &values;
                }
                _ => bias += &values,
            }
            output = next.output.first().ok_or_else(unfit)?;
        }
        Ok(Some(GroupNorm { weight: weight.into_dyn(), bias: bias.into_dyn(), output }))
    }

    /// The non-linearity that makes a tensor, and the root of what it reads.
    pub fn activation(&self, output: &'a str) -> Result<(Activation, &'a str), OnnxProblem> {
        let graph = self.graph;
        let unfit = || OnnxProblem::Misfit {
            node: graph.producer(output).map_or_else(|| format!("`{output}`"), name_of),
            expected: "a non-linearity (gelu, relu, selu, silu, tanh) behind a layer",
        };
        // What it reads is where the ways upwards through nodes that work element by element meet.
        let (mut open, mut seen, mut inputs) = (vec![output], HashSet::new(), HashSet::new());
        while let Some(tensor) = open.pop() {
            match graph.producer(tensor).filter(|_| !self.made.contains(tensor) || tensor == output) {
                Some(node) if ELEMENTWISE.contains(&node.op_type.as_str()) => {
                    if seen.insert(tensor) {
                        open.extend(graph.variables(node));
                    }
                }
                _ => {
                    inputs.insert(tensor);
                }
            }
        }
        let mut inputs = inputs.into_iter();
        let (Some(input), None) = (inputs.next(), inputs.next()) else { return Err(unfit()) };
        let activation = activation::identify(graph, input, output).ok_or_else(unfit)?;
        Ok((activation, input))
    }
}

fn linear<'a>(graph: &'a Graph<'a>, node: &'a NodeProto) -> Option<Linear<'a>> {
    let output = node.output.first()?;
    match node.op_type.as_str() {
        "Gemm" => {
            let [input, weight, rest @ ..] = node.input.as_slice() else { return None };
            let plain =
                [float(node, "alpha"), float(node, "beta")].into_iter().flatten().all(|factor| factor == 1.0);
            if !plain || integer(node, "transA").unwrap_or(0) != 0 || !graph.is_constant(weight) {
                return None;
            }
            Some(Linear {
                input: graph.root(input),
                output,
                weight,
                rows_are_outputs: integer(node, "transB").unwrap_or(0) != 0,
                factor: 1.0,
                biases: [rest.first().filter(|bias| !bias.is_empty()).map(String::as_str), None],
                part: None,
            })
        }
        "MatMul" => {
            let [input, weight] = node.input.as_slice() else { return None };
            if graph.is_constant(input) || !graph.is_constant(weight) || graph.shape(weight)?.len() != 2 {
                return None;
            }
            let readers = graph.readers(output);
            let bias = match readers.as_slice() {
                [add] if add.op_type == "Add" => graph.constant_beside(add).map(|(_, bias)| (bias, add)),
                _ => None,
            };
            let bias = bias.filter(|(bias, _)| graph.shape(bias).is_some_and(|shape| shape.len() == 1));
            let output = bias.and_then(|(_, add)| add.output.first()).unwrap_or(output);
            Some(Linear {
                input: graph.root(input),
                output,
                weight,
                rows_are_outputs: false,
                factor: 1.0,
                biases: [bias.map(|(bias, _)| bias), None],
                part: None,
            })
        }
        _ => None,
    }
}

/// The layers that an optimiser put into one: a matrix with a `Split` behind it, and perhaps a sum behind that.
fn parts<'a>(graph: &'a Graph<'a>, whole: &Linear<'a>) -> Vec<Linear<'a>> {
    let Some(split) = graph.readers(whole.output).into_iter().find(|node| node.op_type == "Split") else {
        return Vec::new();
    };
    let Some(shape) = graph.shape(whole.weight) else { return Vec::new() };
    let outputs = shape.get(usize::from(!whole.rows_are_outputs)).copied().unwrap_or(0);
    let sizes = match split.input.get(1).and_then(|sizes| graph.values(sizes).ok()) {
        Some(sizes) => sizes.iter().map(|&size| size as usize).collect(),
        None => vec![outputs / split.output.len().max(1); split.output.len()],
    };
    if sizes.len() != split.output.len() || sizes.iter().sum::<usize>() != outputs {
        return Vec::new();
    }
    let starts = sizes.iter().scan(0, |start, size| {
        *start += size;
        Some(*start - size)
    });
    let part = |((output, first), &count): ((&'a String, usize), &usize)| {
        let readers = graph.readers(output);
        let added = match readers.as_slice() {
            [add] if add.op_type == "Add" => graph.constant_beside(add).zip(add.output.first()),
            _ => None,
        };
        let added = added.filter(|((_, bias), _)| graph.shape(bias).is_some_and(|shape| shape == [count]));
        Linear {
            output: added.map_or(output.as_str(), |(_, sum)| sum),
            biases: [whole.biases[0], added.map(|((_, bias), _)| bias)],
            part: Some((first, count)),
            ..whole.clone()
        }
    };
    split.output.iter().zip(starts).zip(&sizes).map(part).collect()
}

/// `LayerNormalization`, or what exporters before opset 17 write for it: (x − mean) / √(mean of squares + ε) · weight + bias.
fn norm<'a>(graph: &'a Graph<'a>, node: &'a NodeProto) -> Option<Norm<'a>> {
    let output = node.output.first()?;
    if node.op_type == "LayerNormalization" {
        let [input, weight, bias] = node.input.as_slice() else { return None };
        let epsilon = float(node, "epsilon").unwrap_or(1e-5);
        return Some(Norm { input: graph.root(input), output, weight, bias, epsilon });
    }
    if node.op_type != "Add" {
        return None;
    }
    let made_by = |tensor: &'a str, operator: &str| {
        graph.producer(graph.root(tensor)).filter(|node| node.op_type == operator)
    };
    let (scaled, bias) = graph.constant_beside(node)?;
    let (normed, weight) = graph.constant_beside(made_by(scaled, "Mul")?)?;
    let [centred, deviation] = made_by(normed, "Div")?.input.as_slice() else { return None };
    let [input, mean] = made_by(centred, "Sub")?.input.as_slice() else { return None };
    made_by(mean, "ReduceMean")?;
    let (_, epsilon) = graph.constant_beside(made_by(made_by(deviation, "Sqrt")?.input.first()?, "Add")?)?;
    Some(Norm { input: graph.root(input), output, weight, bias, epsilon: graph.scalar(epsilon)? })
}

fn conv<'a>(graph: &'a Graph<'a>, node: &'a NodeProto) -> Result<Conv<'a>, OnnxProblem> {
    let unfit = |expected| OnnxProblem::Misfit { node: name_of(node), expected };
    let ([input, weight, ..], [output]) = (node.input.as_slice(), node.output.as_slice()) else {
        return Err(unfit("a convolution with one output"));
    };
    if !graph.is_constant(weight) || graph.shape(weight).is_none_or(|shape| shape.len() != 3) {
        return Err(unfit("a convolution over time, with a weight of three dimensions"));
    }
    let one = |name, missing: i64| match integers(node, name).as_slice() {
        [] => u32::try_from(missing).ok(),
        [first, rest @ ..] if rest.iter().all(|other| other == first) => u32::try_from(*first).ok(),
        _ => None,
    };
    let automatic =
        text(node, "auto_pad").is_some_and(|padding| !matches!(padding.as_str(), "" | "NOTSET" | "VALID"));
    let sizes = (
        one("strides", 1),
        one("dilations", 1),
        one("pads", 0),
        u32::try_from(integer(node, "group").unwrap_or(1)),
    );
    match sizes {
        (Some(stride), Some(dilation), Some(padding), Ok(groups)) if !automatic => {
            Ok(Conv { node, input: graph.root(input), output, stride, dilation, groups, padding })
        }
        _ => Err(unfit("a convolution with the same padding on both sides")),
    }
}
