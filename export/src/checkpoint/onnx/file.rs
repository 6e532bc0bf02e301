//! The file of a graph, brought into one form: nodes in the order in which they can run, and all numbers in 32 bits.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use half::{bf16, f16};
use tract_onnx::data_resolver::{MmapDataResolver, ModelDataResolver};
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, type_proto};
use tract_onnx::prelude::Framework;
use tract_onnx::tensor::load_tensor;

use super::fused;
use super::graph::name_of;
use crate::checkpoint::error::{OnnxProblem, Problem};

/// Domains of operators: those that ONNX itself defines, and those of onnxruntime's optimiser.
const KNOWN: [&str; 3] = ["", "ai.onnx", "com.microsoft"];

/// Reads the file.
pub(crate) fn load(path: &Path) -> Result<ModelProto, Problem> {
    let mut file = std::fs::File::open(path)?;
    let model = tract_onnx::onnx().proto_model_for_read(&mut file);
    let mut model = model.map_err(|error| OnnxProblem::Damaged(error.to_string()))?;
    let of_onnx =
        model.opset_import.iter().filter(|opset| opset.domain.is_empty() || opset.domain == "ai.onnx");
    let opset = of_onnx.map(|opset| opset.version).max().unwrap_or(1);
    let graph = model.graph.as_mut().ok_or(OnnxProblem::Empty)?;
    if let Some(node) = graph.node.iter().find(|node| !KNOWN.contains(&node.domain.as_str())) {
        return Err(OnnxProblem::Domain { node: name_of(node), domain: node.domain.clone() }.into());
    }
    sort(graph)?;
    fused::take_apart(graph, opset)?;
    widen(graph, folder_of(path)?)?;
    Ok(model)
}

/// The folder where a file's external data may lie.
pub(crate) fn folder_of(path: &Path) -> Result<&str, OnnxProblem> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.to_str().ok_or(OnnxProblem::FolderName)
}

/// Brings the nodes into an order in which each comes after those that make its inputs, and otherwise keeps theirs.
fn sort(graph: &mut GraphProto) -> Result<(), OnnxProblem> {
    let mut known: HashSet<String> = graph.initializer.iter().map(|tensor| tensor.name.clone()).collect();
    known.extend(graph.input.iter().map(|input| input.name.clone()));
    let nodes = std::mem::take(&mut graph.node);
    let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
    let mut missing: Vec<usize> = Vec::with_capacity(nodes.len());
    let mut ready = std::collections::BTreeSet::new();
    for (index, node) in nodes.iter().enumerate() {
        let needs: HashSet<&String> =
            node.input.iter().filter(|input| !input.is_empty() && !known.contains(*input)).collect();
        if needs.is_empty() {
            ready.insert(index);
        }
        missing.push(needs.len());
        for need in needs {
            waiting.entry(need.clone()).or_default().push(index);
        }
    }
    let mut nodes: Vec<Option<NodeProto>> = nodes.into_iter().map(Some).collect();
    while let Some(index) = ready.pop_first() {
        let Some(node) = nodes[index].take() else { continue };
        for output in &node.output {
            for reader in waiting.remove(output).unwrap_or_default() {
                missing[reader] -= 1;
                if missing[reader] == 0 {
                    ready.insert(reader);
                }
            }
        }
        graph.node.push(node);
    }
    match nodes.into_iter().flatten().next() {
        Some(node) => {
            let made: HashSet<&String> = graph.node.iter().flat_map(|node| &node.output).collect();
            let unmade = node
                .input
                .iter()
                .find(|input| !input.is_empty() && !known.contains(*input) && !made.contains(input));
            let tensor = unmade.cloned().unwrap_or_default();
            Err(OnnxProblem::Unordered { node: name_of(&node), tensor })
        }
        None => Ok(()),
    }
}

/// Turns 16-bit floating-point numbers into 32-bit ones, wherever a graph has them.
fn widen(graph: &mut GraphProto, folder: &str) -> Result<(), OnnxProblem> {
    for tensor in &mut graph.initializer {
        widen_tensor(tensor, folder)?;
    }
    let described = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
    described.for_each(widen_type);
    for attribute in graph.node.iter_mut().flat_map(|node| {
        let casts = matches!(node.op_type.as_str(), "Cast");
        node.attribute.iter_mut().map(move |attribute| (casts, attribute))
    }) {
        let (casts, attribute) = attribute;
        if casts && attribute.name == "to" && is_half(attribute.i as i32) {
            attribute.i = DataType::Float as i64;
        }
        if let Some(tensor) = &mut attribute.t {
            widen_tensor(tensor, folder)?;
        }
        if let Some(inner) = &mut attribute.g {
            widen(inner, folder)?;
        }
    }
    Ok(())
}

fn is_half(data_type: i32) -> bool {
    data_type == DataType::Float16 as i32 || data_type == DataType::Bfloat16 as i32
}

fn widen_type(value: &mut ValueInfoProto) {
    if let Some(type_proto::Value::TensorType(tensor)) =
        value.r#type.as_mut().and_then(|kind| kind.value.as_mut())
        && is_half(tensor.elem_type)
    {
        tensor.elem_type = DataType::Float as i32;
    }
}

fn widen_tensor(tensor: &mut TensorProto, folder: &str) -> Result<(), OnnxProblem> {
    if !is_half(tensor.data_type) {
        return Ok(());
    }
    let unreadable = |cause: String| OnnxProblem::Constant { tensor: tensor.name.clone(), cause };
    let bytes = if tensor.data_location == Some(DataLocation::External as i32) && tensor.raw_data.is_empty() {
        // Read as bytes: the library knows where external data may lie.
        let mut external = tensor.clone();
        external.data_type = DataType::Uint8 as i32;
        external.dims = vec![tensor.dims.iter().product::<i64>().saturating_mul(2)];
        let resolver: &dyn ModelDataResolver = &MmapDataResolver;
        let bytes =
            load_tensor(resolver, &external, Some(folder)).map_err(|error| unreadable(error.to_string()))?;
        bytes.as_bytes().to_vec()
    } else if tensor.raw_data.is_empty() {
        tensor.int32_data.iter().flat_map(|&bits| (bits as u16).to_le_bytes()).collect()
    } else {
        std::mem::take(&mut tensor.raw_data)
    };
    let halves = bytes.as_chunks::<2>().0.iter();
    let wide: Vec<u8> = match tensor.data_type == DataType::Float16 as i32 {
        true => halves.flat_map(|&half| f16::from_le_bytes(half).to_f32().to_le_bytes()).collect(),
        false => halves.flat_map(|&half| bf16::from_le_bytes(half).to_f32().to_le_bytes()).collect(),
    };
    tensor.data_type = DataType::Float as i32;
    tensor.data_location = None;
    tensor.external_data.clear();
    tensor.int32_data.clear();
    tensor.raw_data = wide;
    Ok(())
}
