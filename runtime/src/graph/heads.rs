//! The task heads of transformers over the encoder's hidden states.

use tract_core::internal::OutletId;
use wavlm_format::TdnnShape;
use wavlm_format::schema::{HeadLayers, HeadTensors, TdnnLayer};

use super::builder::Builder;
use super::encoder::Encoded;
use crate::error::Error;
use crate::ops::{FrameLengths, MeanPooling, StatisticsPooling, Tdnn, WeightedSum};

impl Builder<'_> {
    /// Adds the head of that name and makes its results outputs.
    pub(super) fn head(
        &mut self,
        name: &str,
        encoded: &Encoded,
        lengths: Option<OutletId>,
    ) -> Result<(), Error> {
        let heads = &self.schema.heads;
        let Some(head) = heads.iter().find(|head| head.name == name) else {
            let known: Vec<&str> = heads.iter().map(|head| head.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Error::NoHead { name: name.to_owned(), known });
        };
        let x = self.head_input(head, encoded)?;
        let pooling = format!("heads.{name}.pooling");
        match &head.layers {
            HeadLayers::Ctc { output: last } | HeadLayers::Frame { classifier: last } => {
                let logits = self.linear(*last, x)?;
                self.output(&head.outputs.logits, logits);
            }
            HeadLayers::Sequence { projector, classifier } => {
                // The mean of what a linear layer gives is what it gives of the mean.
                let channels = self.schema[projector.weight].shape[2] as usize;
                let inputs = self.pooling_inputs(name, x, lengths, &[])?;
                let pooled = self.add(&pooling, MeanPooling { channels }, &inputs)?;
                let projected = self.linear(*projector, pooled)?;
                let logits = self.linear(*classifier, projected)?;
                self.output(&head.outputs.logits, logits);
            }
            HeadLayers::XVector { projector, tdnn, embedding, classifier } => {
                let projected = self.linear(*projector, x)?;
                let (frames, last) = self.tdnn(projected, tdnn)?;
                let shapes: Vec<TdnnShape> = tdnn.iter().map(|layer| layer.shape).collect();
                let inputs = self.pooling_inputs(name, frames, lengths, &shapes)?;
                let pooled = self.add(&pooling, StatisticsPooling { last }, &inputs)?;
                let embeddings = self.linear(*embedding, pooled)?;
                let logits = self.linear(*classifier, embeddings)?;
                self.output(&head.outputs.logits, logits);
                if let Some(spec) = &head.outputs.embeddings {
                    self.output(spec, embeddings);
                }
            }
        }
        Ok(())
    }

    /// What the head reads: the last hidden state, or the learned mix of all of them.
    fn head_input(&mut self, head: &HeadTensors, encoded: &Encoded) -> Result<OutletId, Error> {
        let Some(layer_weights) = head.layer_weights else { return Ok(encoded.last_hidden_state) };
        let name = &self.schema[layer_weights].name;
        let weights = softmax(self.vector(layer_weights)?.values());
        let mut sum = None;
        for (i, (&x, weight)) in encoded.hidden_states.iter().zip(weights).enumerate() {
            let term = WeightedSum { engine: self.engine, weight_bits: weight.to_bits() };
            let inputs: Vec<OutletId> = [x].into_iter().chain(sum).collect();
            sum = Some(self.add(&format!("{name}.{i}"), term, &inputs)?);
        }
        Ok(sum.unwrap_or(encoded.last_hidden_state))
    }

    /// All time-delay layers but the last, which is for the pooling to compute.
    fn tdnn(&mut self, mut x: OutletId, layers: &[TdnnLayer]) -> Result<(OutletId, Tdnn), Error> {
        let (last, others) = layers
            .split_last()
            .ok_or_else(|| Error::Graph("an x-vector head of no time-delay layers".to_owned()))?;
        for layer in others {
            x = self.add(self.layer_name(layer.conv.weight), self.tdnn_layer(layer)?, &[x])?;
        }
        Ok((x, self.tdnn_layer(last)?))
    }

    fn tdnn_layer(&self, layer: &TdnnLayer) -> Result<Tdnn, Error> {
        let map = self.affine(layer.conv)?;
        let (kernel, dilation) = (layer.shape.kernel as usize, layer.shape.dilation as usize);
        Ok(Tdnn { engine: self.engine, map, kernel, dilation })
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
