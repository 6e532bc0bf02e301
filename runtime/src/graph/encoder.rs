//! The encoder: stem, projection, positional convolution, transformer layers, adapter (`WavLMModel`).

use tract_core::internal::OutletId;
use wavlm_format::AdapterConfig;
use wavlm_format::schema::{self, OutputSpec};

use super::builder::{Builder, Request, activation};
use crate::error::Error;
use crate::ops::{
    AdapterConv, Attention, FeedForward, FrameConv, FrameLengths, Normalise, PositionBias, PositionalConv,
    Stem, WaveformConv, ZeroPadding,
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

impl Builder<'_> {
    /// From the waveform to what the positional convolution reads.
    pub(super) fn frames(
        &mut self,
        waveform: OutletId,
        lengths: Option<OutletId>,
        request: &Request,
    ) -> Result<OutletId, Error> {
        let (config, tensors) = (&self.file.header().encoder, &self.schema.encoder);
        let features = self.stem(waveform, lengths)?;
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

        let table = self.position_bias(x)?;
        let mut hidden_states = vec![x];
        for (layer, weights) in tensors.layers.iter().zip(&self.schema.outputs.attentions) {
            x = self.layer(layer, x, table, frames, request.attentions.then_some(weights))?;
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
    /// weights become an output if `weights` names one.
    fn layer(
        &mut self,
        tensors: &schema::Layer,
        x: OutletId,
        table: OutletId,
        frames: Option<OutletId>,
        weights: Option<&OutputSpec>,
    ) -> Result<OutletId, Error> {
        let config = &self.file.header().encoder;
        let epsilon = config.layer_norm_eps;
        let attention = self.attention(&tensors.attention, frames.is_some(), weights.is_some())?;
        let feed_forward = self.feed_forward(&tensors.feed_forward)?;
        let [attention_name, feed_forward_name] =
            ["attention", "feed_forward"].map(|part| format!("{}.{part}", tensors.name));
        if config.stable_layer_norm {
            let normed = self.layer_norm(tensors.attention_norm, epsilon, x)?;
            let inputs = [Some(normed), Some(table), Some(x), frames];
            let x = self.add_attention(&attention_name, attention, inputs, weights)?;
            let normed = self.layer_norm(tensors.final_norm, epsilon, x)?;
            self.add(&feed_forward_name, feed_forward, &[normed, x])
        } else {
            let inputs = [Some(x), Some(table), None, frames];
            let x = self.add_attention(&attention_name, attention, inputs, weights)?;
            let x = self.layer_norm(tensors.attention_norm, epsilon, x)?;
            let x = self.add(&feed_forward_name, feed_forward, &[x])?;
            self.layer_norm(tensors.final_norm, epsilon, x)
        }
    }

    fn add_attention(
        &mut self,
        name: &str,
        attention: Attention,
        inputs: [Option<OutletId>; 4],
        weights: Option<&OutputSpec>,
    ) -> Result<OutletId, Error> {
        let inputs: Vec<OutletId> = inputs.into_iter().flatten().collect();
        let outlets = self.add_many(name, attention, &inputs)?;
        if let (Some(spec), Some(&outlet)) = (weights, outlets.get(1)) {
            self.output(spec, outlet);
        }
        Ok(outlets[0])
    }

    fn attention(
        &self,
        tensors: &schema::Attention,
        masked: bool,
        weights: bool,
    ) -> Result<Attention, Error> {
        let config = &self.file.header().encoder;
        Ok(Attention {
            engine: self.engine,
            heads: config.num_heads as usize,
            qkv: self.affine(tensors.qkv)?,
            out: self.affine(tensors.out)?,
            gate: self.affine(tensors.gate)?,
            gate_const: self.vector(tensors.gate_const)?,
            separate_residual: config.stable_layer_norm,
            masked,
            weights,
        })
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
        if let Some(projection) = tensors.projection {
            x = self.linear(projection.linear, x)?;
            x = self.layer_norm(projection.norm, ADAPTER_NORM_EPSILON, x)?;
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
