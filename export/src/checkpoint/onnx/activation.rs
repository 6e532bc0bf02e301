//! Non-linearities, told by what they compute: exporters write each in several ways, and optimisers move factors out of them.

use std::collections::HashMap;

use tract_onnx::pb::NodeProto;

use super::graph::{Graph, float, text};

/// Where the functions are compared.
const POINTS: [f64; 7] = [-3.0, -1.25, -0.5, 0.25, 0.75, 1.5, 4.0];

/// Largest difference between two that are the same, of numbers of this size in f32.
const SAME: f64 = 1e-4;

/// A function of one number, up to a factor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Activation {
    /// transformers' name for it.
    pub name: &'static str,
    /// What it is multiplied by: 1, unless an optimiser moved a factor into the next layer's weights.
    pub factor: f32,
}

/// A name of transformers, and what it stands for.
type Named = (&'static str, fn(f64) -> f64);

/// What can be converted.
const KNOWN: [Named; 6] = [
    ("gelu", gelu),
    ("gelu_new", gelu_new),
    ("relu", relu),
    ("silu", silu),
    ("selu", selu),
    ("tanh", f64::tanh),
];

/// What the nodes between `input` and `output` compute, if each works element by element and all is one known function.
pub(super) fn identify<'a>(graph: &'a Graph<'a>, input: &'a str, output: &'a str) -> Option<Activation> {
    let values: Option<Vec<f64>> =
        POINTS.iter().map(|&x| evaluate(graph, output, &mut HashMap::from([(input, x)]), 64)).collect();
    let values = values?;
    KNOWN.iter().find_map(|&(name, function)| {
        let (last, at) = (*values.last()?, *POINTS.last()?);
        let factor = last / function(at);
        let same = |(&x, &value): (&f64, &f64)| (value - factor * function(x)).abs() <= SAME * factor.abs();
        let fits = factor.is_finite() && factor > 0.0 && POINTS.iter().zip(&values).all(same);
        // A factor of 1 in f32 is one.
        let factor = if (factor - 1.0).abs() < SAME { 1.0 } else { factor };
        fits.then_some(Activation { name, factor: factor as f32 })
    })
}

/// The value of a tensor where the values of others are given.
fn evaluate<'a>(
    graph: &'a Graph<'a>,
    tensor: &'a str,
    known: &mut HashMap<&'a str, f64>,
    depth: usize,
) -> Option<f64> {
    let tensor = graph.root(tensor);
    if let Some(&value) = known.get(tensor) {
        return Some(value);
    }
    if graph.is_constant(tensor) {
        return graph.scalar(tensor).map(f64::from);
    }
    let node = graph.producer(tensor)?;
    let depth = depth.checked_sub(1)?;
    let inputs = node.input.iter().filter(|input| !input.is_empty());
    let inputs: Option<Vec<f64>> = inputs.map(|input| evaluate(graph, input, known, depth)).collect();
    let value = compute(node, &inputs?)?;
    known.insert(tensor, value);
    Some(value)
}

fn compute(node: &NodeProto, inputs: &[f64]) -> Option<f64> {
    Some(match (node.op_type.as_str(), inputs) {
        ("Add", [a, b]) => a + b,
        ("Sub", [a, b]) => a - b,
        ("Mul", [a, b]) => a * b,
        ("Div", [a, b]) => a / b,
        ("Pow", [a, b]) => a.powf(*b),
        ("Max", [a, b]) => a.max(*b),
        ("Min", [a, b]) => a.min(*b),
        ("Neg", [a]) => -a,
        ("Exp", [a]) => a.exp(),
        ("Sqrt", [a]) => a.sqrt(),
        ("Erf", [a]) => libm::erf(*a),
        ("Tanh", [a]) => a.tanh(),
        ("Sigmoid", [a]) => sigmoid(*a),
        ("Relu", [a]) => relu(*a),
        ("Swish", [a]) => a * sigmoid(a * f64::from(float(node, "alpha").unwrap_or(1.0))),
        ("Selu", [a]) => {
            let alpha = f64::from(float(node, "alpha").unwrap_or(1.673_263_2));
            let gamma = f64::from(float(node, "gamma").unwrap_or(1.050_701));
            gamma * if *a > 0.0 { *a } else { alpha * a.exp_m1() }
        }
        ("Gelu", [a]) => match text(node, "approximate").as_deref() {
            Some("tanh") => gelu_new(*a),
            _ => gelu(*a),
        },
        _ => return None,
    })
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

fn gelu_new(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
}

fn relu(x: f64) -> f64 {
    x.max(0.0)
}

fn silu(x: f64) -> f64 {
    x * sigmoid(x)
}

fn selu(x: f64) -> f64 {
    1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_3 * x.exp_m1() }
}
