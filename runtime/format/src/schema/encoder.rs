//! The encoder's tensors: stem, projection, positional convolution, transformer layers, adapter.
//!
//! Along the columns of a convolution the tap is slow and the channel fast, as frames lie in memory.

use super::list::{Affine, Norm, Role, TensorId, TensorList};
use crate::config::{AdapterConfig, ConvShape, EncoderConfig, LayerShape, StemNorm};

/// The tensor that tells whether the stem's convolutions have biases: all of them have one, or none.
pub(super) const FIRST_CONV_BIAS: &str = "stem.0.conv.bias";

/// Rows of the gate's linear layer: four for each of the two gates.
const GATE_ROWS: u64 = 8;

/// Tensors of the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// The convolutions, first to last.
    pub stem: Vec<StemLayer>,
    /// From the stem's channels to the hidden size.
    pub projection: Projection,
    /// The grouped convolution that tells frames where they are; its weight norm is folded in.
    pub positional: Affine,
    /// In front of the layers, or behind them in pre-norm models.
    pub norm: Norm,
    /// The relative position bias, `[num_buckets, num_heads]`.
    pub position_bias: TensorId,
    /// The transformer layers.
    pub layers: Vec<Layer>,
    /// The convolutions behind the layers.
    pub adapter: Option<Adapter>,
}

/// One convolution of the stem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StemLayer {
    /// Its sizes.
    pub shape: ConvShape,
    /// `[1, channels, taps * inputs]`; exact in the first layer.
    pub weight: TensorId,
    /// One number per channel, if the convolutions have biases.
    pub bias: Option<TensorId>,
    /// In the first layer, and in all of them if the stem normalises layers.
    pub norm: Option<Norm>,
}

/// The way from the stem to the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projection {
    /// A factor per channel of the stem, before the norm; in models that pruning left so.
    pub scale: Option<TensorId>,
    /// Over the stem's channels.
    pub norm: Norm,
    /// `[1, hidden_size, channels]`
    pub linear: Affine,
}

/// One transformer layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What the names of its tensors begin with, such as `layers.0`.
    pub name: String,
    /// Self-attention; none where pruning took it.
    pub attention: Option<Attention>,
    /// Behind the attention; in pre-norm models in front of it, if there is one.
    pub attention_norm: Option<Norm>,
    /// The feed-forward block; none where pruning took it.
    pub feed_forward: Option<FeedForward>,
    /// Behind the feed-forward block; in pre-norm models in front of it, if there is one.
    pub final_norm: Option<Norm>,
}

/// Self-attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// The heads that it has, of all `num_heads`; `kept` below are so many times `head_dim`.
    pub heads: Vec<u32>,
    /// Where its weights come from.
    pub weights: AttentionWeights,
    /// `[1, hidden_size, kept]`
    pub out: Affine,
}

/// Where the weights of an attention come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionWeights {
    /// From queries and keys of its own, with a gated position bias.
    Own {
        /// `[1, 3 * kept, hidden_size]`: rows of the query, then key, then value; unscaled.
        qkv: Affine,
        /// The gate of the position bias, `[1, 8, head_dim]`, shared by all heads; exact.
        gate: Affine,
        /// A factor per head.
        gate_const: TensorId,
    },
    /// They are those of an earlier layer.
    Of {
        /// That layer.
        layer: usize,
        /// `[1, kept, hidden_size]`
        value: Affine,
    },
}

/// Two linear layers with a non-linearity between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedForward {
    /// `[1, intermediate_size, hidden_size]`
    pub up: Affine,
    /// `[1, hidden_size, intermediate_size]`
    pub down: Affine,
}

/// The adapter behind the layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// A linear layer, `[1, width, hidden_size]`, and the norm behind it; present if the adapter changes the width.
    pub projection: Option<(Affine, Norm)>,
    /// `[1, 2 * width, taps * width]` each.
    pub convs: Vec<Affine>,
}

impl Encoder {
    pub(super) fn list(config: &EncoderConfig, conv_bias: bool, list: &mut TensorList) -> Self {
        let hidden = u64::from(config.hidden_size);
        let (heads, buckets) = (u64::from(config.num_heads), u64::from(config.num_buckets));
        let channels = config.stem_width() as u64;
        Self {
            stem: stem(config, conv_bias, list),
            projection: Projection {
                scale: config.stem_scale.then(|| list.dense("projection.scale", &[channels])),
                norm: list.norm("projection.norm", channels),
                linear: list.linear("projection.linear", hidden, channels),
            },
            positional: positional(config, list),
            norm: list.norm("encoder_norm", hidden),
            position_bias: list.dense("position_bias", &[buckets, heads]),
            layers: (0..config.num_layers).map(|index| layer(index, config, list)).collect(),
            adapter: config.adapter.map(|adapter| self::adapter(&adapter, hidden, list)),
        }
    }
}

fn stem(config: &EncoderConfig, conv_bias: bool, list: &mut TensorList) -> Vec<StemLayer> {
    let layer = |(i, conv): (usize, &ConvShape)| {
        let (dim, taps) = (u64::from(conv.dim), u64::from(conv.kernel));
        let first = i == 0;
        let role = if first { Role::ExactMatrix } else { Role::Matrix };
        let shape = [1, dim, taps * config.stem_inputs(i) as u64];
        let normed = first || config.stem_norm == StemNorm::Layer;
        StemLayer {
            shape: *conv,
            weight: list.add(format!("stem.{i}.conv.weight"), role, &shape),
            bias: conv_bias.then(|| list.dense(format!("stem.{i}.conv.bias"), &[dim])),
            norm: normed.then(|| list.norm(&format!("stem.{i}.norm"), dim)),
        }
    };
    config.stem.iter().enumerate().map(layer).collect()
}

fn positional(config: &EncoderConfig, list: &mut TensorList) -> Affine {
    let [hidden, groups, taps] =
        [config.hidden_size, config.positional_groups, config.positional_kernel].map(u64::from);
    let width = hidden / groups;
    list.affine("positional", Role::Matrix, [groups, width, taps * width])
}

fn layer(index: u32, config: &EncoderConfig, list: &mut TensorList) -> Layer {
    let (hidden, shape) = (u64::from(config.hidden_size), config.layer(index as usize));
    let layer = format!("layers.{index}");
    let name = |part: &str| format!("{layer}.{part}");
    let [attention_normed, finally_normed] = config.norms(index as usize);
    let attention = (!shape.heads.is_empty()).then(|| attention(&shape, config, name, list));
    let attention_norm = attention_normed.then(|| list.norm(&name("attention_norm"), hidden));
    let inner = u64::from(shape.intermediate_size);
    let feed_forward = (inner > 0).then(|| FeedForward {
        up: list.linear(&name("feed_forward.up"), inner, hidden),
        down: list.linear(&name("feed_forward.down"), hidden, inner),
    });
    let final_norm = finally_normed.then(|| list.norm(&name("final_norm"), hidden));
    Layer { name: layer, attention, attention_norm, feed_forward, final_norm }
}

fn attention(
    shape: &LayerShape,
    config: &EncoderConfig,
    name: impl Fn(&str) -> String,
    list: &mut TensorList,
) -> Attention {
    let (hidden, heads) = (u64::from(config.hidden_size), shape.heads.len() as u64);
    let (head_dim, kept) = (config.head_dim() as u64, heads * config.head_dim() as u64);
    let (weights, out) = match shape.attention_of {
        Some(layer) => {
            let value = list.linear(&name("attention.value"), kept, hidden);
            let out = list.linear(&name("attention.out"), hidden, kept);
            (AttentionWeights::Of { layer: layer as usize, value }, out)
        }
        None => {
            let qkv = list.linear(&name("attention.qkv"), 3 * kept, hidden);
            let out = list.linear(&name("attention.out"), hidden, kept);
            let gate = list.affine(&name("attention.gate"), Role::ExactMatrix, [1, GATE_ROWS, head_dim]);
            let gate_const = list.dense(name("attention.gate.const"), &[heads]);
            (AttentionWeights::Own { qkv, gate, gate_const }, out)
        }
    };
    Attention { heads: shape.heads.clone(), weights, out }
}

fn adapter(config: &AdapterConfig, hidden: u64, list: &mut TensorList) -> Adapter {
    let (width, taps) = (u64::from(config.output_hidden_size), u64::from(config.kernel));
    let projection = (width != hidden).then(|| {
        let linear = list.linear("adapter.projection", width, hidden);
        (linear, list.norm("adapter.norm", width))
    });
    let convs = (0..config.num_layers)
        .map(|i| list.affine(&format!("adapter.{i}.conv"), Role::Matrix, [1, 2 * width, taps * width]))
        .collect();
    Adapter { projection, convs }
}
