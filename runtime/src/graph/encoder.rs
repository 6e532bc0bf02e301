//! The encoder: stem, projection, positional convolution, transformer layers, adapter (`WavLMModel`).

use tract_core::internal::OutletId;
use wavlm_format::{AdapterConfig, EncoderConfig, StemNorm};

use super::{Builder, Request, activation};
use crate::error::Error;
use crate::matrix::{Affine, MatrixF32, Vector};
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
    pub(super) fn encoder(
        &mut self,
        waveform: OutletId,
        lengths: Option<OutletId>,
        request: &Request,
    ) -> Result<Encoded, Error> {
        let config = self.file.header().encoder.clone();
        let hidden = config.hidden_size as usize;
        let features = self.stem(waveform, lengths, &config)?;
        let frames = match lengths {
            Some(lengths) => {
                let rule = FrameLengths { stem: config.stem.clone(), adapter: None, tdnn: Vec::new() };
                Some(self.add("frame_lengths", rule, &[lengths])?)
            }
            None => None,
        };

        let channels = config.stem_width();
        let features = self.layer_norm("projection.norm", channels, config.layer_norm_eps, features)?;
        let mut x = self.linear("projection.linear", hidden, channels, features)?;
        if let Some(frames) = frames {
            x = self.add("zero_padding", ZeroPadding { channels: hidden }, &[x, frames])?;
        }
        x = self.positional_conv(x, &config)?;
        if !config.stable_layer_norm {
            x = self.layer_norm("encoder_norm", hidden, config.layer_norm_eps, x)?;
        }

        let table = self.position_bias(x, &config)?;
        let mut hidden_states = vec![x];
        for layer in 0..config.num_layers as usize {
            x = self.layer(layer, x, table, frames, &config, request.attentions)?;
            hidden_states.push(x);
        }
        if config.stable_layer_norm {
            x = self.layer_norm("encoder_norm", hidden, config.layer_norm_eps, x)?;
            if let Some(last) = hidden_states.last_mut() {
                *last = x;
            }
        }
        if let Some(adapter) = &config.adapter {
            x = self.adapter(x, hidden, adapter)?;
        }

        if request.base {
            self.name("last_hidden_state", x);
            self.name("extract_features", features);
        }
        if request.hidden_states {
            for (i, &outlet) in hidden_states.iter().enumerate() {
                self.name(format!("hidden_states.{i}"), outlet);
            }
        }
        Ok(Encoded { hidden_states, last_hidden_state: x })
    }

    fn stem(
        &mut self,
        mut waveform: OutletId,
        lengths: Option<OutletId>,
        config: &EncoderConfig,
    ) -> Result<OutletId, Error> {
        if self.file.header().preprocessing.normalize {
            let inputs: Vec<OutletId> = [waveform].into_iter().chain(lengths).collect();
            waveform = self.add("normalise", Normalise, &inputs)?;
        }
        let bias = |i: usize, dim: usize| {
            let name = format!("stem.{i}.conv.bias");
            self.file.has(&name).then(|| self.vector(&name, dim)).transpose()
        };
        let shapes = config
            .stem
            .iter()
            .map(|shape| (shape.dim as usize, shape.kernel as usize, shape.stride as usize));
        let mut shapes = shapes.enumerate();
        let (_, (dim, kernel, stride)) =
            shapes.next().ok_or_else(|| Error::Graph("a stem of no convolutions".to_owned()))?;
        let first = WaveformConv {
            weight: MatrixF32::load(self.file, "stem.0.conv.weight", dim, kernel)?,
            bias: bias(0, dim)?,
            norm: self.stem_norm(0, dim)?,
            kernel,
            stride,
        };
        let mut rest = Vec::new();
        for (i, (dim, kernel, stride)) in shapes {
            let normed = config.stem_norm == StemNorm::Layer;
            rest.push(FrameConv {
                weight: self.matrix(
                    &format!("stem.{i}.conv.weight"),
                    1,
                    dim,
                    kernel * config.stem_inputs(i),
                )?,
                bias: bias(i, dim)?,
                norm: normed.then(|| self.stem_norm(i, dim)).transpose()?,
                kernel,
                stride,
            });
        }
        let activation = activation(config.stem_activation);
        self.add(
            "stem",
            Stem { engine: self.engine, first, rest, norm: config.stem_norm, activation },
            &[waveform],
        )
    }

    fn stem_norm(&self, i: usize, dim: usize) -> Result<(Vector, Vector), Error> {
        Ok((
            self.vector(&format!("stem.{i}.norm.weight"), dim)?,
            self.vector(&format!("stem.{i}.norm.bias"), dim)?,
        ))
    }

    fn positional_conv(&mut self, x: OutletId, config: &EncoderConfig) -> Result<OutletId, Error> {
        let (groups, kernel) = (config.positional_groups as usize, config.positional_kernel as usize);
        let width = config.hidden_size as usize / groups;
        let conv = PositionalConv {
            engine: self.engine,
            map: Affine {
                weight: self.matrix("positional.weight", groups, width, kernel * width)?,
                bias: self.vector("positional.bias", config.hidden_size as usize)?,
            },
            activation: activation(config.stem_activation),
            groups,
            kernel,
        };
        self.add("positional", conv, &[x])
    }

    fn position_bias(&mut self, x: OutletId, config: &EncoderConfig) -> Result<OutletId, Error> {
        let (heads, buckets) = (config.num_heads as usize, config.num_buckets as usize);
        let bias = PositionBias {
            embedding: Vector::load(self.file, "position_bias", &[buckets, heads])?,
            heads,
            buckets,
            max_distance: config.max_bucket_distance as usize,
        };
        self.add("position_bias", bias, &[x])
    }

    /// One transformer layer: post-norm (`WavLMEncoderLayer`) or pre-norm (`WavLMEncoderLayerStableLayerNorm`).
    fn layer(
        &mut self,
        index: usize,
        x: OutletId,
        table: OutletId,
        frames: Option<OutletId>,
        config: &EncoderConfig,
        weights: bool,
    ) -> Result<OutletId, Error> {
        let (hidden, epsilon) = (config.hidden_size as usize, config.layer_norm_eps);
        let name = |part: &str| format!("layers.{index}.{part}");
        let attention = self.attention(index, config, frames.is_some(), weights)?;
        let feed_forward = self.feed_forward(index, config)?;
        if config.stable_layer_norm {
            let normed = self.layer_norm(&name("attention_norm"), hidden, epsilon, x)?;
            let inputs = [Some(normed), Some(table), Some(x), frames];
            let x = self.add_attention(index, attention, inputs)?;
            let normed = self.layer_norm(&name("final_norm"), hidden, epsilon, x)?;
            self.add(&name("feed_forward"), feed_forward, &[normed, x])
        } else {
            let x = self.add_attention(index, attention, [Some(x), Some(table), None, frames])?;
            let x = self.layer_norm(&name("attention_norm"), hidden, epsilon, x)?;
            let x = self.add(&name("feed_forward"), feed_forward, &[x])?;
            self.layer_norm(&name("final_norm"), hidden, epsilon, x)
        }
    }

    fn add_attention(
        &mut self,
        index: usize,
        attention: Attention,
        inputs: [Option<OutletId>; 4],
    ) -> Result<OutletId, Error> {
        let inputs: Vec<OutletId> = inputs.into_iter().flatten().collect();
        let outlets = self.add_many(&format!("layers.{index}.attention"), attention, &inputs)?;
        if let Some(&weights) = outlets.get(1) {
            self.name(format!("attentions.{index}"), weights);
        }
        Ok(outlets[0])
    }

    fn attention(
        &self,
        index: usize,
        config: &EncoderConfig,
        masked: bool,
        weights: bool,
    ) -> Result<Attention, Error> {
        let (hidden, heads) = (config.hidden_size as usize, config.num_heads as usize);
        let name = |part: &str| format!("layers.{index}.attention.{part}");
        Ok(Attention {
            engine: self.engine,
            heads,
            qkv: self.affine(&name("qkv"), 3 * hidden, hidden)?,
            out: self.affine(&name("out"), hidden, hidden)?,
            gate: self.affine(&name("gate"), 8, config.head_dim())?,
            gate_const: self.vector(&name("gate.const"), heads)?,
            separate_residual: config.stable_layer_norm,
            masked,
            weights,
        })
    }

    fn feed_forward(&self, index: usize, config: &EncoderConfig) -> Result<FeedForward, Error> {
        let (hidden, inner) = (config.hidden_size as usize, config.intermediate_size as usize);
        Ok(FeedForward {
            engine: self.engine,
            up: self.affine(&format!("layers.{index}.feed_forward.up"), inner, hidden)?,
            down: self.affine(&format!("layers.{index}.feed_forward.down"), hidden, inner)?,
            activation: activation(config.hidden_activation),
        })
    }

    fn adapter(&mut self, mut x: OutletId, hidden: usize, config: &AdapterConfig) -> Result<OutletId, Error> {
        let (out, kernel) = (config.output_hidden_size as usize, config.kernel as usize);
        if out != hidden {
            x = self.linear("adapter.projection", out, hidden, x)?;
            x = self.layer_norm("adapter.norm", out, ADAPTER_NORM_EPSILON, x)?;
        }
        for i in 0..config.num_layers {
            let conv = AdapterConv {
                engine: self.engine,
                map: self.affine(&format!("adapter.{i}.conv"), 2 * out, kernel * out)?,
                kernel,
                stride: config.stride as usize,
            };
            x = self.add(&format!("adapter.{i}"), conv, &[x])?;
        }
        Ok(x)
    }
}
