//! The shape of a WavLM encoder: `WavLMConfig` of transformers, reduced to what its forward pass reads.

use serde::{Deserialize, Serialize};

/// Everything that decides the encoder's graph. Field names follow transformers' `WavLMConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// The convolutions of the stem, first to last; at least one.
    pub stem: Vec<ConvShape>,
    /// Where the stem normalises.
    pub stem_norm: StemNorm,
    /// Non-linearity after every convolution of the stem (`feat_extract_activation`).
    pub stem_activation: Activation,
    /// Width of the hidden states.
    pub hidden_size: u32,
    /// Number of transformer layers.
    pub num_layers: u32,
    /// Attention heads per layer; divides `hidden_size`.
    pub num_heads: u32,
    /// Width of the feed-forward block; of the widest, where `layers` differ.
    pub intermediate_size: u32,
    /// Non-linearity of the feed-forward block (`hidden_act`).
    pub hidden_activation: Activation,
    /// Epsilon of every layer norm outside the stem.
    pub layer_norm_eps: f32,
    /// Taps of the positional convolution (`num_conv_pos_embeddings`).
    pub positional_kernel: u32,
    /// Groups of the positional convolution; divides `hidden_size`.
    pub positional_groups: u32,
    /// Buckets of the relative position bias, both signs together.
    pub num_buckets: u32,
    /// Distance, in frames, from which on all positions share one bucket.
    pub max_bucket_distance: u32,
    /// Pre-norm layers with one layer norm at the end (`do_stable_layer_norm`).
    pub stable_layer_norm: bool,
    /// Present if strided convolutions follow the encoder (`add_adapter`).
    pub adapter: Option<AdapterConfig>,
    /// Each channel behind the stem is multiplied with a number of its own, as pruning leaves it. transformers has no such
    /// models.
    pub stem_scale: bool,
    /// What sets layers apart, one entry for each, or none where all are alike: see [`EncoderConfig::layer`]. transformers has
    /// no such models.
    pub layers: Vec<LayerShape>,
}

/// What a transformer layer may have of its own, after pruning and distillation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerShape {
    /// Which of the `num_heads` attention heads are left, ascending; none in a layer without attention.
    pub heads: Vec<u32>,
    /// Width of the feed-forward block; 0 in a layer without one.
    pub intermediate_size: u32,
    /// The earlier layer whose attention weights this one uses for values of its own; it has the same heads.
    pub attention_of: Option<u32>,
}

/// One convolution: output channels, taps, stride in input frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvShape {
    /// Output channels.
    pub dim: u32,
    /// Taps.
    pub kernel: u32,
    /// Step between outputs, in input frames.
    pub stride: u32,
}

/// Normalisation of the stem (`feat_extract_norm`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StemNorm {
    /// Each channel over the whole utterance, after the first convolution only.
    Group,
    /// Each frame over its channels, after every convolution; epsilon 1e-5.
    Layer,
}

/// Non-linearities, by the names that transformers' `ACT2FN` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// `gelu`: the exact one, with erf.
    Gelu,
    /// `gelu_new`: the tanh approximation.
    GeluNew,
    /// `relu`
    Relu,
    /// `silu`, also `swish`
    Silu,
    /// `tanh`
    Tanh,
    /// `selu`
    Selu,
}

/// Convolutions behind the encoder (`WavLMAdapter`): each doubles the channels, then a gated linear unit halves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterConfig {
    /// Width behind the adapter.
    pub output_hidden_size: u32,
    /// Taps of each convolution; padding is 1 on both sides.
    pub kernel: u32,
    /// Stride of each convolution.
    pub stride: u32,
    /// Number of convolutions.
    pub num_layers: u32,
}

/// How the waveform is prepared (`preprocessor_config.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Samples per second that the model was trained on.
    pub sampling_rate: u32,
    /// Zero mean and unit variance per utterance: `(x - mean) / sqrt(var + 1e-7)`.
    pub normalize: bool,
}

/// One task over the shared encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Unique within the file; prefixes tensor names (`heads.<name>.`) and, in files with several heads, output names.
    pub name: String,
    /// What it computes.
    pub kind: HeadKind,
    /// The head reads a learned mix of all hidden states instead of the last one (`use_weighted_layer_sum`).
    pub weighted_layer_sum: bool,
    /// When to accept, chosen on held-out data.
    pub decision: Option<Decision>,
}

/// The four task heads of transformers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HeadKind {
    /// `WavLMForCTC`: a token per frame; `vocabulary[i]` is the text of token `i`, empty if unknown.
    Ctc {
        /// Token texts, one per logit.
        vocabulary: Vec<String>,
        /// The token that stands for "nothing" (`pad_token_id`).
        blank: u32,
    },
    /// `WavLMForSequenceClassification`: one label per utterance.
    Sequence {
        /// Label texts, one per logit.
        labels: Vec<String>,
        /// Width between projector and classifier (`classifier_proj_size`).
        projection: u32,
    },
    /// `WavLMForAudioFrameClassification`: independent labels per frame.
    Frame {
        /// Label texts, one per logit.
        labels: Vec<String>,
    },
    /// `WavLMForXVector`: a speaker embedding.
    XVector {
        /// Time-delay layers, first to last.
        tdnn: Vec<TdnnShape>,
        /// Width of the embedding (`xvector_output_dim`).
        embedding: u32,
        /// Label texts, one per logit of the classifier behind the embedding. In transformers it has as many outputs
        /// as the embedding is wide, whatever the number of labels; texts may be empty.
        labels: Vec<String>,
    },
}

/// One time-delay layer of the x-vector head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TdnnShape {
    /// Output channels.
    pub dim: u32,
    /// Taps.
    pub kernel: u32,
    /// Distance between taps, in frames.
    pub dilation: u32,
}

/// When a task accepts. Scores are probabilities for words, cosines for speakers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Smallest accepted score.
    pub threshold: f32,
    /// A second one, at most as high. Of words: for who would rather hear too much than too little. Of speakers: for
    /// recordings that are said to be of one person, each beside the others.
    pub lower_threshold: Option<f32>,
    /// Of speakers: of a voice that says the very words with which it was enrolled. Such voices are more alike, whosesoever
    /// they are.
    pub text_dependent_threshold: Option<f32>,
    /// Length of the sliding window, in seconds; 0 where the task does not slide.
    pub window_s: f32,
    /// Step of the sliding window, in seconds.
    pub hop_s: f32,
    /// Scores of this many windows are averaged; of more where the sound goes on behind a word, as the task sees fit.
    pub smoothing_windows: u32,
    /// After a detection, the same keyword stays silent this long, in seconds.
    pub refractory_s: f32,
    /// Of words: what else a likely keyword must withstand.
    pub confirmation: Option<Confirmation>,
}

/// A window in which a keyword is likely is heard again, and its phones have a say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// It is heard once slower and once faster by this share of its speed, 0 to 0.5; 0: not again.
    pub speed_change: f32,
    /// So many times what the phones of a keyword lose against the likeliest ones is taken from its logit; 0: nothing. For
    /// a file with a CTC head over phones.
    pub phone_weight: f32,
}
