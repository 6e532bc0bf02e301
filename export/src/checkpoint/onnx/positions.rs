//! The relative positions in a graph: the gate of every layer, and the bias that the first layer keeps for all.

use std::collections::{HashMap, HashSet, VecDeque};

use ndarray::{ArrayD, IxDyn};
use tract_onnx::pb::NodeProto;

use super::encoder::Search;
use super::graph::unfit;
use crate::checkpoint::error::OnnxProblem;
use crate::checkpoint::names;
use crate::relative_positions::bucket;

impl<'a> Search<'_, 'a> {
    /// The gate of the position bias, and in the first layer the bias itself: everything above the sum under a softmax that
    /// is no linear layer of the attention.
    pub(super) fn gate(
        &mut self,
        index: usize,
        softmax: &'a NodeProto,
        bias: &'a str,
        reads: &'a str,
    ) -> Result<(), OnnxProblem> {
        let graph = self.pieces.graph;
        let misfit = |expected| unfit(softmax, expected);
        let (mut open, mut seen) = (VecDeque::from([bias]), HashSet::new());
        let (mut linear, mut factors, mut embedding, mut table) = (None, None, None, None);
        while let Some(tensor) = open.pop_front() {
            if let Some(found) = self.pieces.linear_to(tensor) {
                linear = linear.or(Some(found.clone()));
                continue;
            }
            let Some(node) = graph.producer(tensor).filter(|_| seen.insert(tensor)) else { continue };
            if node.op_type == "Gather"
                && let Some(data) =
                    node.input.first().filter(|data| graph.shape(data).is_some_and(|shape| shape.len() == 2))
            {
                embedding = embedding.or(Some((data.as_str(), node)));
                continue;
            }
            for input in node.input.iter().filter(|input| !input.is_empty()) {
                if !graph.is_constant(input) {
                    open.push_back(graph.root(input));
                    continue;
                }
                // An exporter that knows the length leaves the table to be computed from constants.
                if graph.producer(input).is_some() {
                    open.push_back(input);
                }
                match graph.shape(input).unwrap_or_default().as_slice() {
                    [1, heads, 1, 1] if *heads > 0 && node.op_type == "Mul" => {
                        factors = factors.or(Some(input.as_str()))
                    }
                    [.., rows, columns] if rows == columns && *rows > 1 => {
                        table = table.or(Some(input.as_str()))
                    }
                    _ => {}
                }
            }
        }
        let linear = linear.filter(|linear| linear.input == reads && self.pieces.width(linear) == 8);
        let linear = linear.ok_or_else(|| misfit("a bias of relative positions with WavLM's gate"))?;
        let factors = factors.ok_or_else(|| misfit("a factor for each head in the gate"))?;
        self.tensors.linear(self.pieces, &linear, &names::layer(index, "attention.gru_rel_pos_linear"))?;
        let factors = self.pieces.vector(factors)?;
        let heads = factors.len();
        self.config.num_attention_heads = heads as u32;
        let shaped = factors
            .into_shape_with_order(IxDyn(&[1, heads, 1, 1]))
            .map_err(|_| misfit("a factor for each head"))?;
        self.tensors.insert(names::layer(index, "attention.gru_rel_pos_const"), shaped);
        if self.tensors.0.contains_key(names::POSITION_BIAS) {
            return Ok(());
        }
        let values = match (embedding, table) {
            (Some((data, gather)), _) => {
                self.config.max_bucket_distance = self.max_distance(gather, data)?;
                graph.values(data)?
            }
            (None, Some(table)) => self
                .folded_bias(graph.values(table)?, heads)
                .ok_or_else(|| misfit("a table of relative positions"))?,
            (None, None) => return Err(misfit("a table of relative positions")),
        };
        self.config.num_buckets = values.shape()[0] as u32;
        self.tensors.insert(names::POSITION_BIAS.to_owned(), values);
        Ok(())
    }

    /// The distance from which on all positions share a bucket: the logarithm of distances is divided by
    /// ln(max_distance / max_exact).
    fn max_distance(&self, gather: &'a NodeProto, data: &str) -> Result<u32, OnnxProblem> {
        let graph = self.pieces.graph;
        let buckets = graph.shape(data).and_then(|shape| shape.first().copied()).unwrap_or(0);
        let exact = (buckets / 4) as f32;
        let (mut open, mut seen): (Vec<&str>, HashSet<&str>) =
            (gather.input.get(1).map(String::as_str).into_iter().collect(), HashSet::new());
        while let Some(tensor) = open.pop() {
            let Some(node) = graph.producer(tensor).filter(|_| seen.insert(tensor)) else { continue };
            if matches!(node.op_type.as_str(), "Div" | "Mul")
                && let [logarithm, factor] = node.input.as_slice()
                && graph.producer(logarithm).is_some_and(|node| node.op_type == "Log")
                && let Some(factor) = graph.scalar(factor)
            {
                let factor = if node.op_type == "Div" { factor } else { 1.0 / factor };
                return Ok((exact * factor.exp()).round() as u32);
            }
            open.extend(node.input.iter().map(String::as_str).filter(|input| !input.is_empty()));
        }
        Err(unfit(
            gather,
            "buckets of relative positions whose widths grow with the logarithm of the distance",
        ))
    }

    /// The buckets of a bias that was folded for one length, (…, heads, frames, frames): those that occur at that length; the
    /// last of either side stands for the rest.
    fn folded_bias(&mut self, table: ArrayD<f32>, heads: usize) -> Option<ArrayD<f32>> {
        let frames = *table.shape().last()?;
        let batch = table.len() / (heads * frames * frames);
        let table = table.into_shape_with_order((batch, heads, frames, frames)).ok()?;
        if self.config.num_buckets < 4 {
            return None;
        }
        let buckets = self.config.num_buckets as usize;
        let mut values = ArrayD::zeros(IxDyn(&[buckets, heads]));
        let mut found: HashMap<usize, usize> = HashMap::new();
        for distance in 0..frames {
            for (query, key) in [(distance, 0), (0, distance)] {
                let apart = key as i64 - query as i64;
                let bucket = bucket(apart, self.config.num_buckets, self.config.max_bucket_distance);
                if found.insert(bucket, distance).is_none() {
                    for head in 0..heads {
                        values[[bucket, head]] = table[[0, head, query, key]];
                    }
                }
            }
        }
        let half = buckets / 2;
        for start in [0, half] {
            let Some(last) = (start..start + half).rev().find(|bucket| found.contains_key(bucket)) else {
                continue;
            };
            for bucket in last + 1..start + half {
                for head in 0..heads {
                    values[[bucket, head]] = values[[last, head]];
                }
            }
        }
        self.note = Some(format!(
            "its relative positions are folded for {frames} frames alone; farther ones get the bias of the farthest there is"
        ));
        Some(values)
    }
}
