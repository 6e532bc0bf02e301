//! What stands behind the encoder in a graph: adapter, sum over layers, and the head.

use ndarray::{ArrayD, IxDyn};

use super::encoder::Encoder;
use super::graph::unfit;
use super::pieces::{Conv, Linear, Pieces};
use super::tensors::Tensors;
use crate::checkpoint::config_json::{ConfigJson, Task};
use crate::checkpoint::error::OnnxProblem;
use crate::checkpoint::names;

/// What was found behind the encoder.
pub(super) struct Tail<'a> {
    pub task: Task,
    /// What the adapter makes, or the encoder, if there is none.
    pub last_hidden_state: &'a str,
    pub logits: Option<&'a str>,
    pub embeddings: Option<&'a str>,
    /// Something that whoever converts the graph should know.
    pub note: Option<String>,
}

/// Finds adapter and head, adds their tensors to the encoder's, and tells `config` what they are like. `task` is the head
/// that somebody said it is.
pub(super) fn find<'a>(
    pieces: &Pieces<'a>,
    encoder: &mut Encoder<'a>,
    config: &mut ConfigJson,
    task: Option<Task>,
) -> Result<Tail<'a>, OnnxProblem> {
    let last = encoder.states.last().copied().unwrap_or_default();
    let mut search = Search { pieces, config, tensors: &mut encoder.tensors };
    let last = search.adapter(last)?;
    let sum = search.weighted_sum(&encoder.states)?;
    search.head(last, sum, task)
}

struct Search<'s, 'a> {
    pieces: &'s Pieces<'a>,
    config: &'s mut ConfigJson,
    tensors: &'s mut Tensors,
}

impl<'a> Search<'_, 'a> {
    /// The convolutions behind the encoder, each with a gated linear unit; what the last of them makes.
    fn adapter(&mut self, encoded: &'a str) -> Result<&'a str, OnnxProblem> {
        let pieces = self.pieces;
        let mut state = encoded;
        let projected = pieces.linears_of(encoded).into_iter().find_map(|linear| {
            let norm = pieces.norm_of(linear.output)?;
            self.gated(norm.output).map(|_| (linear.clone(), norm.clone()))
        });
        let mut width = self.config.hidden_size;
        if let Some((linear, norm)) = projected {
            width = pieces.width(&linear) as u32;
            self.tensors.linear(self.pieces, &linear, names::ADAPTER_PROJECTION)?;
            self.tensors.norm(pieces, &norm, names::ADAPTER_NORM)?;
            state = norm.output;
        }
        let mut layers = 0;
        while let Some((conv, output)) = self.gated(state) {
            let (weight, bias) = pieces.conv_values(&conv)?;
            if conv.padding != 1 || conv.dilation != 1 || conv.groups != 1 {
                return Err(unfit(conv.node, "an adapter's convolution, which adds one frame on both sides"));
            }
            self.config.adapter_kernel_size = Some(weight.shape()[2] as u32);
            self.config.adapter_stride = Some(conv.stride);
            self.tensors.affine(&names::adapter(layers), weight, bias);
            state = output;
            layers += 1;
        }
        self.config.add_adapter = layers > 0;
        if layers > 0 {
            self.config.num_adapter_layers = Some(layers as u32);
            self.config.output_hidden_size = Some(width);
        }
        Ok(state)
    }

    /// The convolution that reads a tensor, and what the gated linear unit behind it makes.
    fn gated(&self, input: &str) -> Option<(Conv<'a>, &'a str)> {
        let graph = self.pieces.graph;
        let conv = self.pieces.convs().iter().find(|conv| conv.input == input)?.clone();
        let output = self.pieces.conv_output(&conv).ok()?;
        let halves: Vec<&str> = graph
            .readers(output)
            .into_iter()
            .filter(|node| matches!(node.op_type.as_str(), "Split" | "Slice"))
            .flat_map(|node| node.output.iter().map(String::as_str))
            .collect();
        let gate =
            halves.iter().flat_map(|half| graph.readers(half)).find(|node| node.op_type == "Sigmoid")?;
        let product = graph.readers(gate.output.first()?).into_iter().find(|node| node.op_type == "Mul")?;
        Some((conv, product.output.first()?))
    }

    /// The learned sum of all states.
    fn weighted_sum(&mut self, states: &[&'a str]) -> Result<Option<&'a str>, OnnxProblem> {
        let graph = self.pieces.graph;
        for stack in graph.nodes("Concat") {
            let roots = graph.variables(stack);
            let all_but_last =
                roots.len() == states.len() && roots[..roots.len() - 1] == states[..states.len() - 1];
            if !all_but_last || states.len() < 2 {
                continue;
            }
            if roots != states {
                return Err(unfit(
                    stack,
                    "a sum whose last state is the encoder's output, as transformers 4 has it (5 leaves out the final norm)",
                ));
            }
            let misfit = || unfit(stack, "a sum of all states with a weight for each");
            let stacked = stack.output.first().ok_or_else(misfit)?;
            let product =
                graph.readers(stacked).into_iter().find(|node| node.op_type == "Mul").ok_or_else(misfit)?;
            let (_, weights) = graph.constant_beside(product).ok_or_else(misfit)?;
            let sum = product.output.first().map(|output| graph.readers(output)).unwrap_or_default();
            let sum = sum.into_iter().find(|node| node.op_type == "ReduceSum").ok_or_else(misfit)?;
            let weights = self.layer_weights(weights)?;
            self.tensors.insert(names::LAYER_WEIGHTS.to_owned(), weights);
            self.config.use_weighted_layer_sum = true;
            return Ok(sum.output.first().map(String::as_str));
        }
        Ok(None)
    }

    /// The weights before their softmax; their logarithms, if the softmax was folded.
    fn layer_weights(&self, weights: &'a str) -> Result<ArrayD<f32>, OnnxProblem> {
        let graph = self.pieces.graph;
        let mut tensor = weights;
        while let Some(node) = graph.producer(tensor)
            && let Some(input) = node.input.first()
        {
            if node.op_type == "Softmax" {
                return self.pieces.vector(input);
            }
            tensor = input;
        }
        Ok(self.pieces.vector(weights)?.mapv(|weight| weight.max(f32::MIN_POSITIVE).ln()))
    }

    fn head(
        &mut self,
        last: &'a str,
        sum: Option<&'a str>,
        task: Option<Task>,
    ) -> Result<Tail<'a>, OnnxProblem> {
        let pieces = self.pieces;
        let input = sum.unwrap_or(last);
        let none =
            Tail { task: Task::None, last_hidden_state: last, logits: None, embeddings: None, note: None };
        let first = match pieces.linears_of(input).as_slice() {
            [] => return Ok(none),
            _ if task == Some(Task::None) => return Ok(none),
            [only] => (*only).clone(),
            [..] => return Err(OnnxProblem::SeveralHeads),
        };
        if pieces.convs().iter().any(|conv| conv.input == first.output) {
            return self.xvector(&first, none);
        }
        let graph = pieces.graph;
        let readers = graph.readers(first.output);
        if let Some(mean) = readers.iter().find(|node| node.op_type == "ReduceMean")
            && let Some(classifier) =
                mean.output.first().and_then(|pooled| pieces.linears_of(pooled).first().copied())
        {
            let classifier = classifier.clone();
            self.tensors.linear(self.pieces, &first, names::PROJECTOR)?;
            self.tensors.linear(self.pieces, &classifier, names::CLASSIFIER)?;
            self.config.classifier_proj_size = Some(pieces.width(&first) as u32);
            self.labels(pieces.width(&classifier));
            return Ok(Tail { task: Task::Classify, logits: Some(classifier.output), ..none });
        }
        // A token or independent labels for each frame: the same layer, which only its use tells apart.
        let told = task.or_else(|| self.config.task());
        let frames = match told {
            Some(task) => task == Task::Frames,
            None => sum.is_some(),
        };
        let width = pieces.width(&first);
        if frames {
            self.tensors.linear(self.pieces, &first, names::CLASSIFIER)?;
            self.labels(width);
            return Ok(Tail { task: Task::Frames, logits: Some(first.output), ..none });
        }
        self.tensors.linear(self.pieces, &first, names::CTC)?;
        self.config.vocab_size = Some(width as u32);
        let note =
            "its outputs for each frame are taken for tokens of CTC; if they are labels, say --task frames";
        let note = told.is_none().then(|| note.to_owned());
        Ok(Tail { task: Task::Ctc, logits: Some(first.output), note, ..none })
    }

    fn xvector(&mut self, projector: &Linear<'a>, none: Tail<'a>) -> Result<Tail<'a>, OnnxProblem> {
        let pieces = self.pieces;
        let graph = pieces.graph;
        self.tensors.linear(self.pieces, projector, names::PROJECTOR)?;
        let mut state = projector.output;
        let [mut dims, mut kernels, mut dilations] = [Vec::new(), Vec::new(), Vec::new()];
        while let Some(conv) = pieces.convs().iter().find(|conv| conv.input == state) {
            let (weight, bias) = pieces.conv_values(conv)?;
            let misfit = || unfit(conv.node, "a time-delay layer: a plain convolution and a ReLU");
            if conv.groups != 1 || conv.stride != 1 || conv.padding != 0 {
                return Err(misfit());
            }
            let relu =
                graph.readers(pieces.conv_output(conv)?).into_iter().find(|node| node.op_type == "Relu");
            let output = relu.and_then(|node| node.output.first()).ok_or_else(misfit)?;
            let &[dim, inputs, taps] = weight.shape() else { return Err(misfit()) };
            let name = names::tdnn(dims.len());
            // transformers keeps it as a linear layer over the frames of all taps, one after the other.
            let rows = weight.permuted_axes(vec![0, 2, 1]).as_standard_layout().into_owned();
            let rows = rows.into_shape_with_order(IxDyn(&[dim, taps * inputs])).map_err(|_| misfit())?;
            self.tensors.affine(&name, rows, bias);
            dims.push(dim as u32);
            kernels.push(taps as u32);
            dilations.push(conv.dilation);
            state = output;
        }
        (self.config.tdnn_dim, self.config.tdnn_kernel, self.config.tdnn_dilation) =
            (dims, kernels, dilations);
        let pooled = graph.nodes("Concat").find(|node| {
            let means = |input: &str| {
                let node = graph.producer(input);
                node.is_some_and(|node| {
                    node.op_type == "ReduceMean" && graph.variables(node).contains(&state)
                })
            };
            graph.variables(node).iter().any(|input| means(input))
        });
        let embedding = pooled.and_then(|node| node.output.first());
        let embedding =
            embedding.and_then(|pooled| pieces.linears_of(pooled).first().map(|&linear| linear.clone()));
        let lacks = "a linear layer over mean and deviation behind the time-delay layers";
        let embedding = embedding.ok_or_else(|| match graph.producer(state) {
            Some(node) => unfit(node, lacks),
            None => OnnxProblem::Misfit { node: format!("`{state}`"), expected: lacks },
        })?;
        self.tensors.linear(self.pieces, &embedding, names::EMBEDDING)?;
        let width = pieces.width(&embedding);
        self.config.xvector_output_dim = Some(width as u32);
        let classifier = pieces.linears_of(embedding.output).first().map(|&linear| linear.clone());
        let (mut logits, mut note) = (None, None);
        match classifier {
            Some(classifier) => {
                self.tensors.linear(self.pieces, &classifier, names::CLASSIFIER)?;
                logits = Some(classifier.output);
            }
            None => {
                self.tensors.affine(names::CLASSIFIER, ndarray::Array2::eye(width).into_dyn(), None);
                note = Some("no classifier in it: the logits are the embeddings themselves".to_owned());
            }
        }
        Ok(Tail { task: Task::Xvector, logits, embeddings: Some(embedding.output), note, ..none })
    }

    /// Keeps the texts of labels that are as many as the layer's outputs.
    fn labels(&mut self, outputs: usize) {
        self.config.set_number_of_labels(outputs as u32);
    }
}
