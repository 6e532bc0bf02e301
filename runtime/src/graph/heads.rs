//! The task heads of transformers over the encoder's hidden states.

use tract_core::internal::OutletId;
use wavlm_format::{Head, HeadKind, TdnnShape};

use super::Builder;
use super::encoder::Encoded;
use crate::error::Error;
use crate::matrix::Vector;
use crate::ops::{FrameLengths, MeanPooling, StatisticsPooling, Tdnn, WeightedSum};

impl Builder<'_> {
    /// Adds the head of that name and makes its results outputs.
    pub(super) fn head(
        &mut self,
        name: &str,
        encoded: &Encoded,
        lengths: Option<OutletId>,
    ) -> Result<(), Error> {
        let heads = &self.file.header().heads;
        let Some(head) = heads.iter().find(|head| head.name == name).cloned() else {
            let known: Vec<&str> = heads.iter().map(|head| head.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Error::NoHead { name: name.to_owned(), known });
        };
        let prefix = if heads.len() == 1 { String::new() } else { format!("{name}.") };
        let part = |part: &str| format!("heads.{name}.{part}");
        let (x, width) = self.head_input(&head, encoded)?;
        match &head.kind {
            HeadKind::Ctc { vocabulary, .. } => {
                let logits = self.linear(&part("output"), vocabulary.len(), width, x)?;
                self.name(format!("{prefix}logits"), logits);
            }
            HeadKind::Frame { labels } => {
                let logits = self.linear(&part("classifier"), labels.len(), width, x)?;
                self.name(format!("{prefix}logits"), logits);
            }
            HeadKind::Sequence { labels, projection } => {
                let projection = *projection as usize;
                let projected = self.linear(&part("projector"), projection, width, x)?;
                let inputs = self.pooling_inputs(name, projected, lengths, &[])?;
                let pooled = self.add(&part("pooling"), MeanPooling { channels: projection }, &inputs)?;
                let logits = self.linear(&part("classifier"), labels.len(), projection, pooled)?;
                self.name(format!("{prefix}logits"), logits);
            }
            HeadKind::XVector { tdnn, embedding, labels } => {
                let (embedding, first) =
                    (*embedding as usize, tdnn.first().map_or(0, |layer| layer.dim as usize));
                let projected = self.linear(&part("projector"), first, width, x)?;
                let (frames, last) = self.tdnn(name, projected, tdnn)?;
                let channels = last.dim();
                let inputs = self.pooling_inputs(name, frames, lengths, tdnn)?;
                let pooled = self.add(&part("pooling"), StatisticsPooling { last }, &inputs)?;
                let embeddings = self.linear(&part("embedding"), embedding, 2 * channels, pooled)?;
                let logits = self.linear(&part("classifier"), labels.len(), embedding, embeddings)?;
                self.name(format!("{prefix}logits"), logits);
                self.name(format!("{prefix}embeddings"), embeddings);
            }
        }
        Ok(())
    }

    /// What the head reads, and its width: the last hidden state, or the learned mix of all of them.
    fn head_input(&mut self, head: &Head, encoded: &Encoded) -> Result<(OutletId, usize), Error> {
        let config = &self.file.header().encoder;
        let hidden = config.hidden_size as usize;
        if !head.weighted_layer_sum {
            return Ok((encoded.last_hidden_state, config.output_width()));
        }
        let name = format!("heads.{}.layer_weights", head.name);
        let weights = softmax(Vector::load(self.file, &name, &[encoded.hidden_states.len()])?.values());
        let mut sum = None;
        for (i, (&x, weight)) in encoded.hidden_states.iter().zip(weights).enumerate() {
            let term = WeightedSum { engine: self.engine, weight_bits: weight.to_bits() };
            let inputs: Vec<OutletId> = [x].into_iter().chain(sum).collect();
            sum = Some(self.add(&format!("{name}.{i}"), term, &inputs)?);
        }
        Ok((sum.unwrap_or(encoded.last_hidden_state), hidden))
    }

    /// All time-delay layers but the last, which is for the pooling to compute.
    fn tdnn(&mut self, name: &str, mut x: OutletId, layers: &[TdnnShape]) -> Result<(OutletId, Tdnn), Error> {
        let mut channels = layers.first().map_or(0, |layer| layer.dim as usize);
        let mut blocks = Vec::new();
        for (i, layer) in layers.iter().enumerate() {
            let (dim, kernel, dilation) =
                (layer.dim as usize, layer.kernel as usize, layer.dilation as usize);
            let map = self.affine(&format!("heads.{name}.tdnn.{i}"), dim, kernel * channels)?;
            blocks.push(Tdnn { engine: self.engine, map, kernel, dilation });
            channels = dim;
        }
        let last = blocks.pop();
        let last = last.ok_or_else(|| Error::Graph("an x-vector head of no time-delay layers".to_owned()))?;
        for (i, block) in blocks.into_iter().enumerate() {
            x = self.add(&format!("heads.{name}.tdnn.{i}"), block, &[x])?;
        }
        Ok((x, last))
    }

    /// The frames to pool, and how many of them are valid if the batch is masked.
    ///
    /// As in transformers, lengths count the adapter whether or not the head reads it.
    fn pooling_inputs(
        &mut self,
        name: &str,
        frames: OutletId,
        lengths: Option<OutletId>,
        tdnn: &[TdnnShape],
    ) -> Result<Vec<OutletId>, Error> {
        let Some(lengths) = lengths else { return Ok(vec![frames]) };
        let config = &self.file.header().encoder;
        let rule = FrameLengths { stem: config.stem.clone(), adapter: config.adapter, tdnn: tdnn.to_vec() };
        let valid = self.add(&format!("heads.{name}.lengths"), rule, &[lengths])?;
        Ok(vec![frames, valid])
    }
}

fn softmax(values: &[f32]) -> Vec<f32> {
    let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponents: Vec<f32> = values.iter().map(|value| (value - max).exp()).collect();
    let sum: f32 = exponents.iter().sum();
    exponents.into_iter().map(|value| value / sum).collect()
}
