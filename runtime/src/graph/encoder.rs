//! The encoder: stem, projection, positional convolution, transformer layers, adapter (`WavLMModel`).

use std::collections::HashSet;

use tract_core::internal::OutletId;
use wavlm_format::AdapterConfig;
use wavlm_format::schema::{self, AttentionWeights, OutputSpec};

use super::builder::{Builder, Request, activation};
use crate::error::Error;
use crate::ops::{
    AdapterConv, Attention, ChannelScale, FeedForward, FrameConv, FrameLengths, Normalise, Operands,
    PositionBias, PositionGate, PositionalConv, Stem, WaveformConv, ZeroPadding,
};

/// Epsilon of the adapter's layer norm, whatever the configuration says.
const ADAPTER_NORM_EPSILON: f32 = 1e-5;

/// What the heads read.
pub(super) struct Encoded {
    /// Input of the first layer, then the output of every layer; the last one behind the final norm of pre-norm models,
    /// as in transformers 4.
    pub hidden_states: Vec<OutletId>,
    /// Behind the adapter, if there is one.
    pub last_hidden_state: OutletId,
}

/// What later layers use that have the attention weights of a layer.
#[derive(Clone, Copy)]
struct Lent {
    qkv: OutletId,
    gates: OutletId,
}

/// What layers share.
struct Shared {
    /// The position bias.
    table: OutletId,
    /// Valid frames, if a mask is given.
    frames: Option<OutletId>,
    /// Layers whose attention weights others use, too.
    lenders: HashSet<usize>,
    /// What each layer so far lends.
    lent: Vec<Option<Lent>>,
}

/// The heads of a layer, as rows of the position bias.
fn heads(tensors: &schema::Attention) -> Vec<usize> {
    tensors.heads.iter().map(|&head| head as usize).collect()
}

impl Builder<'_> {
    /// From the waveform to what the positional convolution reads.
    pub(super) fn frames(
        &mut self,
        waveform: OutletId,
        lengths: Option<OutletId>,
        request: &Request,
    ) -> Result<OutletId, Error> {
        let (config, tensors) = (&self.file.header().encoder, &self.schema.encoder);
        let mut features = self.stem(waveform, lengths)?;
        if let Some(factors) = tensors.projection.scale {
            let scale = ChannelScale { factors: self.vector(factors)? };
            features = self.add("projection.scale", scale, &[features])?;
        }
        let features = self.layer_norm(tensors.projection.norm, config.layer_norm_eps, features)?;
        if request.base {
            self.output(&self.schema.outputs.extract_features, features);
        }
        self.linear(tensors.projection.linear, features)
    }

    /// From those frames to what the heads read.
    pub(super) fn encoder(
        &mut self,
        mut x: OutletId,
        lengths: Option<OutletId>,
        request: &Request,
    ) -> Result<Encoded, Error> {
        let (config, tensors) = (&self.file.header().encoder, &self.schema.encoder);
        let epsilon = config.layer_norm_eps;
        let frames = match lengths {
            Some(lengths) => {
                let rule = FrameLengths { stem: config.stem.clone(), adapter: None, tdnn: Vec::new() };
                Some(self.add("frame_lengths", rule, &[lengths])?)
            }
            None => None,
        };
        if let Some(frames) = frames {
            let channels = config.hidden_size as usize;
            x = self.add("zero_padding", ZeroPadding { channels }, &[x, frames])?;
        }
        x = self.positional_conv(x)?;
        if !config.stable_layer_norm {
            x = self.layer_norm(tensors.norm, epsilon, x)?;
        }

        let lenders = tensors.layers.iter().filter_map(|layer| match layer.attention.as_ref()?.weights {
            AttentionWeights::Of { layer, .. } => Some(layer),
            AttentionWeights::Own { .. } => None,
        });
        let lenders = lenders.collect();
        let mut shared = Shared { table: self.position_bias(x)?, frames, lenders, lent: Vec::new() };
        let mut hidden_states = vec![x];
        for (layer, weights) in tensors.layers.iter().zip(&self.schema.outputs.attentions) {
            x = self.layer(layer, x, &mut shared, weights.as_ref().filter(|_| request.attentions))?;
            hidden_states.push(x);
        }
        if config.stable_layer_norm {
            x = self.layer_norm(tensors.norm, epsilon, x)?;
            if let Some(last) = hidden_states.last_mut() {
                *last = x;
            }
        }
        if let (Some(config), Some(tensors)) = (&config.adapter, &tensors.adapter) {
            x = self.adapter(x, config, tensors)?;
        }

        let outputs = &self.schema.outputs;
        if request.base {
            self.output(&outputs.last_hidden_state, x);
        }
        if request.hidden_states {
            for (spec, &outlet) in outputs.hidden_states.iter().zip(&hidden_states) {
                self.output(spec, outlet);
            }
        }
        Ok(Encoded { hidden_states, last_hidden_state: x })
    }

    fn stem(&mut self, mut waveform: OutletId, lengths: Option<OutletId>) -> Result<OutletId, Error> {
        let config = &self.file.header().encoder;
        if self.file.header().preprocessing.normalize {
            let inputs: Vec<OutletId> = [waveform].into_iter().chain(lengths).collect();
            waveform = self.add("normalise", Normalise, &inputs)?;
        }
        let missing = || Error::Graph("a stem without a first convolution and its norm".to_owned());
        let mut layers = self.schema.encoder.stem.iter();
        let layer = layers.next().ok_or_else(missing)?;
        let first = WaveformConv {
            weight: self.exact_matrix(layer.weight)?,
            bias: layer.bias.map(|bias| self.vector(bias)).transpose()?,
            norm: self.norm(layer.norm.ok_or_else(missing)?)?,
            kernel: layer.shape.kernel as usize,
            stride: layer.shape.stride as usize,
        };
        let mut rest = Vec::new();
        for layer in layers {
            rest.push(FrameConv {
                weight: self.matrix(layer.weight)?,
                bias: layer.bias.map(|bias| self.vector(bias)).transpose()?,
                norm: layer.norm.map(|norm| self.norm(norm)).transpose()?,
                kernel: layer.shape.kernel as usize,
                stride: layer.shape.stride as usize,
            });
        }
        let activation = activation(config.stem_activation);
        self.add(
            "stem",
            Stem { engine: self.engine, first, rest, norm: config.stem_norm, activation },
            &[waveform],
        )
    }

    fn positional_conv(&mut self, x: OutletId) -> Result<OutletId, Error> {
        let (config, tensors) = (&self.file.header().encoder, self.schema.encoder.positional);
        let conv = PositionalConv {
            engine: self.engine,
            map: self.affine(tensors)?,
            activation: activation(config.stem_activation),
            groups: config.positional_groups as usize,
            kernel: config.positional_kernel as usize,
        };
        self.add(self.layer_name(tensors.weight), conv, &[x])
    }

    fn position_bias(&mut self, x: OutletId) -> Result<OutletId, Error> {
        let (config, table) = (&self.file.header().encoder, self.schema.encoder.position_bias);
        let bias = PositionBias {
            embedding: self.vector(table)?,
            heads: config.num_heads as usize,
            buckets: config.num_buckets as usize,
            max_distance: config.max_bucket_distance as usize,
        };
        self.add(self.layer_name(table), bias, &[x])
    }

    /// One transformer layer: post-norm (`WavLMEncoderLayer`) or pre-norm (`WavLMEncoderLayerStableLayerNorm`). Its attention
    /// weights become an output if `weights` names one. Pruning may have taken either block; in post-norm models the norm
    /// behind it stays.
    fn layer(
        &mut self,
        tensors: &schema::Layer,
        mut x: OutletId,
        shared: &mut Shared,
        weights: Option<&OutputSpec>,
    ) -> Result<OutletId, Error> {
        let config = &self.file.header().encoder;
        let (epsilon, pre_norm) = (config.layer_norm_eps, config.stable_layer_norm);
        let mut lent = None;
        if let Some(attention) = &tensors.attention {
            let input = self.normed(tensors.attention_norm.filter(|_| pre_norm), epsilon, x)?;
            (x, lent) = self.attention(attention, &tensors.name, [x, input], shared, weights)?;
        }
        shared.lent.push(lent);
        x = self.normed(tensors.attention_norm.filter(|_| !pre_norm), epsilon, x)?;
        if let Some(feed_forward) = &tensors.feed_forward {
            let block = self.feed_forward(feed_forward)?;
            let name = format!("{}.feed_forward", tensors.name);
            x = match tensors.final_norm.filter(|_| pre_norm) {
                Some(norm) => {
                    let normed = self.layer_norm(norm, epsilon, x)?;
                    self.add(&name, block, &[normed, x])?
                }
                None => self.add(&name, block, &[x])?,
            };
        }
        self.normed(tensors.final_norm.filter(|_| !pre_norm), epsilon, x)
    }

    fn normed(&mut self, norm: Option<schema::Norm>, epsilon: f32, x: OutletId) -> Result<OutletId, Error> {
        norm.map_or(Ok(x), |norm| self.layer_norm(norm, epsilon, x))
    }

    /// The attention of a layer that reads `input`, and what it lends to later layers that use its weights.
    fn attention(
        &mut self,
        tensors: &schema::Attention,
        layer: &str,
        [residual, input]: [OutletId; 2],
        shared: &Shared,
        weights: Option<&OutputSpec>,
    ) -> Result<(OutletId, Option<Lent>), Error> {
        let (mut lent, mut inputs) = (None, Vec::new());
        let operands = match tensors.weights {
            AttentionWeights::Own { qkv, gate, gate_const } => {
                let gate = PositionGate {
                    engine: self.engine,
                    linear: self.affine(gate)?,
                    constants: self.vector(gate_const)?,
                    heads: heads(tensors),
                    num_heads: self.file.header().encoder.num_heads as usize,
                };
                if shared.lenders.contains(&shared.lent.len()) {
                    let gates = self.add(&format!("{layer}.attention.gate"), gate, &[input])?;
                    let own = Lent { qkv: self.linear(qkv, input)?, gates };
                    inputs.extend([residual, shared.table, own.qkv, own.gates]);
                    lent = Some(own);
                    Operands::Given { own_values: false }
                } else {
                    let separate_residual = input != residual;
                    inputs.extend([input, shared.table]);
                    inputs.extend(separate_residual.then_some(residual));
                    Operands::Own { qkv: self.affine(qkv)?, gate, separate_residual }
                }
            }
            AttentionWeights::Of { layer, value } => {
                let of = shared.lent.get(layer).copied().flatten();
                let of = of.ok_or_else(|| Error::Graph(format!("layer {layer} has no attention to lend")))?;
                inputs.extend([residual, shared.table, of.qkv, of.gates, self.linear(value, input)?]);
                Operands::Given { own_values: true }
            }
        };
        inputs.extend(shared.frames);
        let attention = Attention {
            engine: self.engine,
            heads: heads(tensors),
            operands,
            out: self.affine(tensors.out)?,
            masked: shared.frames.is_some(),
            weights: weights.is_some(),
        };
        let outlets = self.add_many(&format!("{layer}.attention"), attention, &inputs)?;
        if let (Some(spec), Some(&outlet)) = (weights, outlets.get(1)) {
            self.output(spec, outlet);
        }
        Ok((outlets[0], lent))
    }

    fn feed_forward(&self, tensors: &schema::FeedForward) -> Result<FeedForward, Error> {
        Ok(FeedForward {
            engine: self.engine,
            up: self.affine(tensors.up)?,
            down: self.affine(tensors.down)?,
            activation: activation(self.file.header().encoder.hidden_activation),
        })
    }

    fn adapter(
        &mut self,
        mut x: OutletId,
        config: &AdapterConfig,
        tensors: &schema::Adapter,
    ) -> Result<OutletId, Error> {
        if let Some((linear, norm)) = tensors.projection {
            x = self.linear(linear, x)?;
            x = self.layer_norm(norm, ADAPTER_NORM_EPSILON, x)?;
        }
        for &conv in &tensors.convs {
            let block = AdapterConv {
                engine: self.engine,
                map: self.affine(conv)?,
                kernel: config.kernel as usize,
                stride: config.stride as usize,
            };
            x = self.add(self.layer_name(conv.weight), block, &[x])?;
        }
        Ok(x)
    }
}
