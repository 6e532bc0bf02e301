//! Every tensor of a checkpoint: transformers' name and shape, and how a fresh model draws it.

use std::collections::BTreeMap;

use wavlm_format::{AdapterConfig, EncoderConfig, Head, HeadKind, StemNorm};

use crate::checkpoint::{ConfigJson, ConfigProblem, Task, names};

/// A tensor to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub name: String,
    pub shape: Vec<usize>,
    pub initial: Initial,
}

/// Distribution of a fresh tensor, from `_init_weights` of transformers' WavLM and torch's defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Initial {
    /// The same value everywhere.
    Constant(f32),
    /// Mean 0.
    Normal { deviation: f64 },
    /// Between `-limit` and `limit`.
    Uniform { limit: f64 },
    /// Between 0 and 1.
    Unit,
    /// The lengths, per tap, of the weight-norm direction of that name and shape drawn with that limit.
    Lengths { direction: &'static str, shape: [usize; 3], limit: f64 },
}

/// Standard deviation of linear layers: `initializer_range`.
const LINEAR: Initial = Initial::Normal { deviation: 0.02 };
const ONES: Initial = Initial::Constant(1.0);
const ZEROS: Initial = Initial::Constant(0.0);
/// Names of the positional convolution's weight norm.
const MAGNITUDE: &str = "encoder.pos_conv_embed.conv.parametrizations.weight.original0";
const DIRECTION: &str = "encoder.pos_conv_embed.conv.parametrizations.weight.original1";

/// The tensors of a checkpoint with such a configuration and head.
pub(super) fn tensors(config: &ConfigJson, task: Task) -> Result<Vec<Planned>, ConfigProblem> {
    let encoder = config.encoder()?;
    let head = config.head(Some(task), &BTreeMap::new())?;
    let mut plan = Plan { tensors: Vec::new() };
    plan.encoder(&encoder, config.conv_bias);
    if let Some(head) = &head {
        for tensor in &mut plan.tensors {
            tensor.name = format!("{}.{}", names::ENCODER, tensor.name);
        }
        plan.head(&encoder, head);
    }
    Ok(plan.tensors)
}

struct Plan {
    tensors: Vec<Planned>,
}

impl Plan {
    fn encoder(&mut self, encoder: &EncoderConfig, conv_bias: bool) {
        let [hidden, heads, intermediate] =
            [encoder.hidden_size, encoder.num_heads, encoder.intermediate_size].map(|size| size as usize);
        self.add("masked_spec_embed", &[hidden], Initial::Unit);
        self.stem(encoder, conv_bias);
        let channels = encoder.stem.last().map_or(1, |conv| conv.dim as usize);
        self.norm(names::PROJECTION_NORM, channels);
        let limit = Initial::Uniform { limit: (1.0 / channels as f64).sqrt() };
        self.add(&format!("{}.weight", names::PROJECTION), &[hidden, channels], limit);
        self.add(&format!("{}.bias", names::PROJECTION), &[hidden], limit);
        self.positional(encoder);
        self.norm(names::ENCODER_NORM, hidden);
        for i in 0..encoder.num_layers as usize {
            let part = |part: &str| names::layer(i, part);
            let attention = part("attention");
            self.add(&format!("{attention}.gru_rel_pos_const"), &[1, heads, 1, 1], ONES);
            for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                self.linear(&format!("{attention}.{part}"), [hidden, hidden]);
            }
            self.linear(&format!("{attention}.gru_rel_pos_linear"), [8, hidden / heads]);
            if i == 0 {
                let shape = [encoder.num_buckets as usize, heads];
                let embedding = Initial::Normal { deviation: 1.0 };
                self.add(names::POSITION_BIAS, &shape, embedding);
            }
            self.norm(&part("layer_norm"), hidden);
            self.linear(&part("feed_forward.intermediate_dense"), [intermediate, hidden]);
            self.linear(&part("feed_forward.output_dense"), [hidden, intermediate]);
            self.norm(&part("final_layer_norm"), hidden);
        }
        if let Some(adapter) = &encoder.adapter {
            self.adapter(hidden, adapter);
        }
    }

    fn stem(&mut self, encoder: &EncoderConfig, conv_bias: bool) {
        let mut channels = 1;
        for (i, conv) in encoder.stem.iter().enumerate() {
            let [layer, norm] = names::stem(i);
            let [dim, kernel] = [conv.dim, conv.kernel].map(|size| size as usize);
            // Kaiming's, for the inputs of one output.
            let deviation = (2.0 / (channels * kernel) as f64).sqrt();
            self.add(&format!("{layer}.weight"), &[dim, channels, kernel], Initial::Normal { deviation });
            if conv_bias {
                self.add(&format!("{layer}.bias"), &[dim], ZEROS);
            }
            if i == 0 || encoder.stem_norm == StemNorm::Layer {
                self.norm(&norm, dim);
            }
            channels = dim;
        }
    }

    fn adapter(&mut self, hidden: usize, adapter: &AdapterConfig) {
        let [width, kernel] = [adapter.output_hidden_size, adapter.kernel].map(|size| size as usize);
        if width != hidden {
            self.linear(names::ADAPTER_PROJECTION, [width, hidden]);
            self.norm(names::ADAPTER_NORM, width);
        }
        let deviation = (2.0 / (width * kernel) as f64).sqrt();
        for i in 0..adapter.num_layers as usize {
            let layer = names::adapter(i);
            let weight = Initial::Normal { deviation };
            self.add(&format!("{layer}.weight"), &[2 * width, width, kernel], weight);
            self.add(&format!("{layer}.bias"), &[2 * width], ZEROS);
        }
    }

    /// transformers' own initialisation misses a weight under weight norm, so torch's stands.
    fn positional(&mut self, encoder: &EncoderConfig) {
        let [hidden, groups, kernel] =
            [encoder.hidden_size, encoder.positional_groups, encoder.positional_kernel].map(|n| n as usize);
        let shape = [hidden, hidden / groups, kernel];
        let limit = 1.0 / ((shape[1] * kernel) as f64).sqrt();
        self.add(&format!("{}.bias", names::POSITIONAL), &[hidden], ZEROS);
        let lengths = Initial::Lengths { direction: DIRECTION, shape, limit };
        self.add(MAGNITUDE, &[1, 1, kernel], lengths);
        self.add(DIRECTION, &shape, Initial::Uniform { limit });
    }

    fn head(&mut self, encoder: &EncoderConfig, head: &Head) {
        let hidden = encoder.hidden_size as usize;
        if head.weighted_layer_sum {
            let states = encoder.num_layers as usize + 1;
            self.add(names::LAYER_WEIGHTS, &[states], Initial::Constant(1.0 / states as f32));
        }
        match &head.kind {
            HeadKind::Ctc { vocabulary, .. } => {
                self.linear(names::CTC, [vocabulary.len(), encoder.output_width()]);
            }
            HeadKind::Sequence { labels, projection } => {
                let projection = *projection as usize;
                self.linear(names::PROJECTOR, [projection, hidden]);
                self.linear(names::CLASSIFIER, [labels.len(), projection]);
            }
            HeadKind::Frame { labels } => self.linear(names::CLASSIFIER, [labels.len(), hidden]),
            HeadKind::XVector { tdnn, embedding, .. } => {
                let embedding = *embedding as usize;
                let mut channels = tdnn.first().map_or(0, |layer| layer.dim as usize);
                self.linear(names::PROJECTOR, [channels, hidden]);
                for (i, layer) in tdnn.iter().enumerate() {
                    let [dim, kernel] = [layer.dim, layer.kernel].map(|size| size as usize);
                    self.linear(&names::tdnn(i), [dim, kernel * channels]);
                    channels = dim;
                }
                self.linear(names::EMBEDDING, [embedding, 2 * channels]);
                self.linear(names::CLASSIFIER, [embedding, embedding]);
                // The training objective's classes: two, as transformers has where none are named.
                self.add("objective.weight", &[embedding, 2], Initial::Normal { deviation: 1.0 });
            }
        }
    }

    fn linear(&mut self, name: &str, shape: [usize; 2]) {
        self.add(&format!("{name}.weight"), &shape, LINEAR);
        self.add(&format!("{name}.bias"), &shape[..1], ZEROS);
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.add(&format!("{name}.weight"), &[width], ONES);
        self.add(&format!("{name}.bias"), &[width], ZEROS);
    }

    fn add(&mut self, name: &str, shape: &[usize], initial: Initial) {
        self.tensors.push(Planned { name: name.to_owned(), shape: shape.to_vec(), initial });
    }
}
