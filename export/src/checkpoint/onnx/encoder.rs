//! The encoder in a graph: stem, projection, positional convolution, and a transformer layer for every softmax.

use std::collections::{HashSet, VecDeque};

use tract_onnx::pb::NodeProto;

use super::graph::{Graph, unfit};
use super::pieces::{Conv, Linear, Pieces};
use super::tensors::Tensors;
use crate::checkpoint::config_json::ConfigJson;
use crate::checkpoint::error::OnnxProblem;
use crate::checkpoint::names;

/// What was found of the encoder.
pub(super) struct Encoder<'a> {
    pub tensors: Tensors,
    /// The states before the first layer and behind every one; the last behind the final norm, where there is one.
    pub states: Vec<&'a str>,
    /// What the projection's norm makes.
    pub features: &'a str,
    /// Something that whoever converts the graph should know.
    pub note: Option<String>,
}

/// Finds the encoder, and tells `config` what it is like.
pub(super) fn find<'a>(pieces: &mut Pieces<'a>, config: &mut ConfigJson) -> Result<Encoder<'a>, OnnxProblem> {
    let mut search = Search { pieces, config, tensors: Tensors::default(), note: None };
    search.encoder()
}

/// A search, and what it has found so far.
pub(super) struct Search<'s, 'a> {
    pub pieces: &'s mut Pieces<'a>,
    pub config: &'s mut ConfigJson,
    pub tensors: Tensors,
    pub note: Option<String>,
}

/// One layer as it was found.
struct Layer<'a> {
    /// Root of the layer's input.
    input: &'a str,
    /// Root of its output.
    output: &'a str,
    /// Its norms stand before attention and feed-forward.
    stable: bool,
}

impl<'a> Search<'_, 'a> {
    fn encoder(&mut self) -> Result<Encoder<'a>, OnnxProblem> {
        let graph = self.pieces.graph;
        let attends = |node: &&NodeProto| {
            let readers = node.output.first().map(|output| graph.readers(output)).unwrap_or_default();
            readers.iter().any(|reader| reader.op_type == "MatMul")
        };
        let softmaxes: Vec<&NodeProto> = graph.nodes("Softmax").filter(attends).collect();
        let first = *softmaxes.first().ok_or(OnnxProblem::NotWavlm { lacks: "attention" })?;
        let before = ancestors(graph, first);
        let convs: Vec<Conv<'a>> = self.pieces.convs().to_vec();
        let mut convs: Vec<Conv<'a>> =
            convs.into_iter().filter(|conv| before.contains(conv.output)).collect();
        let positional =
            convs.pop().ok_or(OnnxProblem::NotWavlm { lacks: "convolution before its layers" })?;
        if convs.is_empty() {
            return Err(OnnxProblem::NotWavlm { lacks: "stem before its positional convolution" });
        }
        let stem = self.stem(&convs)?;
        let (features, projected) = self.projection(stem, &positional)?;
        let mut state = self.positional(projected, &positional)?;
        // What the layers read: behind the encoder's norm, or with it at the end.
        let summed = state;
        let before_layers = self.pieces.norm_of(state).cloned();
        let mut states = Vec::new();
        let mut stable = false;
        for (index, softmax) in softmaxes.iter().enumerate() {
            let layer = self.layer(index, softmax)?;
            if index == 0 {
                stable = layer.stable;
                state = match (&before_layers, stable) {
                    (Some(norm), false) => norm.output,
                    (None, false) => {
                        return Err(unfit(
                            softmax,
                            "a layer norm between the positional convolution and the layers",
                        ));
                    }
                    (_, true) => summed,
                };
                states.push(state);
            }
            if layer.stable != stable || layer.input != state {
                return Err(unfit(softmax, "a layer that reads what the layer before it makes"));
            }
            state = layer.output;
            states.push(state);
        }
        let last = *softmaxes.last().expect("at least one");
        let norm = if stable { self.pieces.norm_of(state).cloned() } else { before_layers };
        let norm = norm.ok_or_else(|| unfit(last, "a layer norm behind the last layer"))?;
        self.tensors.norm(self.pieces, &norm, names::ENCODER_NORM)?;
        if stable && let Some(last) = states.last_mut() {
            *last = norm.output;
        }
        self.config.layer_norm_eps = norm.epsilon;
        self.config.do_stable_layer_norm = stable;
        self.config.num_hidden_layers = softmaxes.len() as u32;
        let (tensors, note) = (std::mem::take(&mut self.tensors), self.note.take());
        Ok(Encoder { tensors, states, features, note })
    }

    /// The convolutions from the waveform on, each with its norm and non-linearity; what the last of them makes.
    fn stem(&mut self, convs: &[Conv<'a>]) -> Result<&'a str, OnnxProblem> {
        let graph = self.pieces.graph;
        let waveform = graph.inputs().next().map(|input| input.name.as_str());
        let mut state = waveform.unwrap_or_default();
        let [mut dims, mut kernels, mut strides] = [Vec::new(), Vec::new(), Vec::new()];
        let mut bias_anywhere = false;
        for (i, conv) in convs.iter().enumerate() {
            let (mut reads, mut factor) = (conv.input, 1.0);
            if i > 0 {
                let (activation, input) = self.pieces.activation(conv.input)?;
                self.config.feat_extract_activation = activation.name.to_owned();
                (reads, factor) = (input, activation.factor);
            }
            if reads != state || conv.groups != 1 || conv.dilation != 1 || conv.padding != 0 {
                return Err(unfit(conv.node, "a plain convolution over what the one before it makes"));
            }
            let [conv_name, norm_name] = names::stem(i);
            let (mut weight, bias) = self.pieces.conv_values(conv)?;
            weight *= factor;
            dims.push(weight.shape()[0] as u32);
            kernels.push(weight.shape()[2] as u32);
            strides.push(conv.stride);
            self.tensors.insert(format!("{conv_name}.weight"), weight);
            bias_anywhere |= bias.is_some();
            if let Some(bias) = bias {
                self.tensors.insert(format!("{conv_name}.bias"), bias);
            }
            state = self.pieces.conv_output(conv)?;
            if let Some(norm) = self.pieces.norm_of(state).cloned() {
                self.tensors.norm(self.pieces, &norm, &norm_name)?;
                state = norm.output;
                self.config.feat_extract_norm = "layer".to_owned();
            } else if i == 0 {
                let norm = self
                    .pieces
                    .group_norm(state)?
                    .ok_or_else(|| unfit(conv.node, "a norm behind the first convolution"))?;
                self.tensors.insert(format!("{norm_name}.weight"), norm.weight);
                self.tensors.insert(format!("{norm_name}.bias"), norm.bias);
                state = norm.output;
                self.config.feat_extract_norm = "group".to_owned();
            }
            self.pieces.note_made(state);
        }
        self.config.conv_bias = bias_anywhere;
        (self.config.conv_dim, self.config.conv_kernel, self.config.conv_stride) = (dims, kernels, strides);
        Ok(state)
    }

    /// The norm and the linear layer between stem and positional convolution; what each makes.
    fn projection(
        &mut self,
        stem: &'a str,
        positional: &Conv<'a>,
    ) -> Result<(&'a str, &'a str), OnnxProblem> {
        let misfit = |expected| unfit(positional.node, expected);
        let linear = self.pieces.linear_to(positional.input).cloned();
        let linear =
            linear.ok_or_else(|| misfit("a positional convolution over what a linear layer makes"))?;
        let norm = self.pieces.norm_to(linear.input).cloned();
        let norm = norm.ok_or_else(|| misfit("a layer norm before the projection"))?;
        let (activation, reads) = self.pieces.activation(norm.input)?;
        if reads != stem || activation.factor != 1.0 {
            return Err(misfit("a projection of what the stem makes"));
        }
        self.config.feat_extract_activation = activation.name.to_owned();
        self.tensors.norm(self.pieces, &norm, names::PROJECTION_NORM)?;
        self.tensors.linear(self.pieces, &linear, names::PROJECTION)?;
        self.config.hidden_size = self.pieces.width(&linear) as u32;
        Ok((norm.output, linear.output))
    }

    /// The sum of the projection and of its positional convolution.
    fn positional(&mut self, projected: &'a str, conv: &Conv<'a>) -> Result<&'a str, OnnxProblem> {
        let graph = self.pieces.graph;
        let (weight, bias) = self.pieces.conv_values(conv)?;
        let kernel = weight.shape()[2];
        if conv.padding as usize != kernel / 2 || conv.stride != 1 || conv.dilation != 1 {
            return Err(unfit(conv.node, "a positional convolution that keeps the number of frames"));
        }
        self.config.num_conv_pos_embeddings = kernel as u32;
        self.config.num_conv_pos_embedding_groups = conv.groups;
        self.tensors.affine(names::POSITIONAL, weight, bias);
        let adds = |node: &&NodeProto| node.op_type == "Add" && !graph.variables(node).is_empty();
        let sum = graph.readers(projected).into_iter().filter(adds).find(|node| {
            graph.variables(node).iter().any(|&input| input != projected && self.behind(input, conv.output))
        });
        let sum = sum.and_then(|node| node.output.first());
        sum.map(String::as_str)
            .ok_or_else(|| unfit(conv.node, "the sum of the projection and its positional convolution"))
    }

    /// Whether a tensor is the non-linearity of a convolution's output, of which the last frame may be cut off.
    fn behind(&self, tensor: &'a str, conv: &str) -> bool {
        let graph = self.pieces.graph;
        let Ok((activation, mut reads)) = self.pieces.activation(tensor) else { return false };
        if activation.factor != 1.0 {
            return false;
        }
        for _ in 0..4 {
            if reads == conv {
                return true;
            }
            match graph.producer(reads) {
                Some(node) if matches!(node.op_type.as_str(), "Slice" | "Add") => {
                    match graph.variables(node).first() {
                        Some(&input) => reads = input,
                        None => return false,
                    }
                }
                _ => return false,
            }
        }
        false
    }

    /// The layer around a softmax.
    fn layer(&mut self, index: usize, softmax: &'a NodeProto) -> Result<Layer<'a>, OnnxProblem> {
        let graph = self.pieces.graph;
        let misfit = |expected| unfit(softmax, expected);
        let name = |part: &str| names::layer(index, part);
        let (product, bias) = self.scores(softmax)?;
        let linear_up = |input: &'a String| self.nearest_linear(graph.root(input));
        let [query, key] = product.input.as_slice() else {
            return Err(misfit("a product of queries and keys"));
        };
        let (query, key) = (linear_up(query), linear_up(key));
        let mixed = softmax.output.first().map(|output| graph.readers(output)).unwrap_or_default();
        let mixed = mixed.into_iter().find(|node| node.op_type == "MatMul");
        let mixed = mixed.ok_or_else(|| misfit("a product of weights and values"))?;
        let value = mixed.input.get(1).and_then(linear_up);
        let (Some(query), Some(key), Some(value)) = (query, key, value) else {
            return Err(misfit("linear layers that make queries, keys and values"));
        };
        let reads = query.input;
        if key.input != reads || value.input != reads {
            return Err(misfit("queries, keys and values of one tensor"));
        }
        let mix = mixed.output.first().map(String::as_str).unwrap_or_default();
        let out = self.pieces.linears_of(mix).first().map(|&linear| linear.clone());
        let out = out.ok_or_else(|| misfit("a linear layer behind the attention"))?;
        self.gate(index, softmax, bias, reads)?;
        for (linear, part) in [(&query, "q_proj"), (&key, "k_proj"), (&value, "v_proj"), (&out, "out_proj")] {
            self.tensors.linear(self.pieces, linear, &name(&format!("attention.{part}")))?;
        }

        let (attended, residual) =
            self.residual(out.output).ok_or_else(|| misfit("a residual around the attention"))?;
        let stable = residual != reads;
        let (first_norm, second_norm, inner_reads);
        if stable {
            first_norm = self.pieces.norm_to(reads).cloned().filter(|norm| norm.input == residual);
            second_norm = self.pieces.norm_of(attended).cloned();
            inner_reads = second_norm.as_ref().map(|norm| norm.output);
        } else {
            first_norm = self.pieces.norm_of(attended).cloned();
            second_norm = None;
            inner_reads = first_norm.as_ref().map(|norm| norm.output);
        }
        let first_norm = first_norm.ok_or_else(|| misfit("a layer norm around the attention"))?;
        let inner_reads = inner_reads.ok_or_else(|| misfit("a layer norm before the feed-forward block"))?;
        let (up, down) = self
            .feed_forward(inner_reads)
            .ok_or_else(|| misfit("a feed-forward block behind the attention"))?;
        let (sum, around) =
            self.residual(down.output).ok_or_else(|| misfit("a residual around the feed-forward block"))?;
        if around != if stable { attended } else { inner_reads } {
            return Err(misfit("a residual around the feed-forward block"));
        }
        let (second_norm, output) = match second_norm {
            Some(norm) => (norm, sum),
            None => {
                let norm = self.pieces.norm_of(sum).cloned();
                let norm = norm.ok_or_else(|| misfit("a layer norm behind the feed-forward block"))?;
                (norm.clone(), norm.output)
            }
        };
        self.config.intermediate_size = self.pieces.width(&up) as u32;
        self.tensors.linear(self.pieces, &up, &name("feed_forward.intermediate_dense"))?;
        self.tensors.linear(self.pieces, &down, &name("feed_forward.output_dense"))?;
        self.tensors.norm(self.pieces, &first_norm, &name("layer_norm"))?;
        self.tensors.norm(self.pieces, &second_norm, &name("final_layer_norm"))?;
        let input = if stable { residual } else { reads };
        Ok(Layer { input, output, stable })
    }

    /// The product of queries and keys under a softmax, and the bias that is added to it.
    fn scores(&self, softmax: &'a NodeProto) -> Result<(&'a NodeProto, &'a str), OnnxProblem> {
        let graph = self.pieces.graph;
        let lacks = || OnnxProblem::NotWavlm { lacks: "bias of relative positions in its attention" };
        let sum = softmax.input.first().and_then(|input| graph.producer(graph.root(input)));
        let sum = sum.filter(|node| node.op_type == "Add").ok_or_else(lacks)?;
        let [a, b] = sum.input.as_slice() else { return Err(lacks()) };
        for (scores, bias) in [(a, b), (b, a)] {
            if let Some(product) = self.product(graph.root(scores)) {
                return Ok((product, graph.root(bias)));
            }
        }
        Err(lacks())
    }

    /// The product of two variables that makes a tensor, behind factors.
    fn product(&self, mut tensor: &'a str) -> Option<&'a NodeProto> {
        let graph = self.pieces.graph;
        loop {
            let node = graph.producer(tensor)?;
            match (node.op_type.as_str(), graph.variables(node).as_slice()) {
                ("MatMul", [_, _]) => return Some(node),
                ("Mul" | "Div", &[only]) => tensor = only,
                _ => return None,
            }
        }
    }

    /// The linear layer behind factors and changes of shape.
    fn nearest_linear(&self, mut tensor: &'a str) -> Option<Linear<'a>> {
        let graph = self.pieces.graph;
        loop {
            if let Some(linear) = self.pieces.linear_to(tensor) {
                return Some(linear.clone());
            }
            let node = graph.producer(tensor)?;
            if !matches!(node.op_type.as_str(), "Mul" | "Div") {
                return None;
            }
            // A factor may be computed from a shape; it is no layer's output.
            tensor = *graph.variables(node).first()?;
        }
    }

    /// The sum that reads a layer's output, and what else it adds.
    fn residual(&self, output: &'a str) -> Option<(&'a str, &'a str)> {
        let graph = self.pieces.graph;
        graph.readers(output).into_iter().filter(|node| node.op_type == "Add").find_map(|node| {
            let inputs = graph.variables(node);
            let [a, b] = inputs.as_slice() else { return None };
            let other = if *a == output { b } else { a };
            Some((node.output.first()?.as_str(), *other))
        })
    }

    /// The two linear layers behind a tensor, with a non-linearity between them.
    fn feed_forward(&mut self, reads: &'a str) -> Option<(Linear<'a>, Linear<'a>)> {
        let graph = self.pieces.graph;
        let candidates: Vec<Linear<'a>> = self.pieces.linears_of(reads).into_iter().cloned().collect();
        for up in candidates {
            let (mut open, mut seen) = (VecDeque::from([up.output]), HashSet::new());
            while let Some(tensor) = open.pop_front().filter(|_| seen.len() < 64) {
                for linear in self.pieces.linears_of(tensor) {
                    if let Ok((activation, input)) = self.pieces.activation(tensor)
                        && input == up.output
                        && tensor != up.output
                    {
                        self.config.hidden_act = activation.name.to_owned();
                        let down = linear.clone().times(activation.factor);
                        return Some((up, down));
                    }
                }
                let next = graph.readers(tensor).into_iter().filter_map(|node| node.output.first());
                open.extend(next.map(String::as_str).filter(|next| seen.insert(*next)));
            }
        }
        None
    }
}

/// Every tensor that a node depends on.
fn ancestors<'a>(graph: &'a Graph<'a>, node: &'a NodeProto) -> HashSet<&'a str> {
    let (mut open, mut seen) = (vec![node], HashSet::new());
    while let Some(node) = open.pop() {
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            if seen.insert(input.as_str()) {
                open.extend(graph.producer(input));
            }
        }
    }
    seen
}
