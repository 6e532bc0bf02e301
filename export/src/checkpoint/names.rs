//! What transformers calls the parts of a WavLM. Names of the encoder are those of `WavLMModel`; the classes with a head
//! put [`ENCODER`] before them.

/// The encoder's name within a model that has a head.
pub(crate) const ENCODER: &str = "wavlm";

/// A factor for each channel behind the stem, in models that pruning left so.
pub(crate) const STEM_SCALE: &str = "feature_extractor.dummy_weight";
/// The layer norm between the stem and the projection.
pub(crate) const PROJECTION_NORM: &str = "feature_projection.layer_norm";
/// From the stem's channels to the hidden size.
pub(crate) const PROJECTION: &str = "feature_projection.projection";
/// The positional convolution.
pub(crate) const POSITIONAL: &str = "encoder.pos_conv_embed.conv";
/// The norm in front of the layers or behind them.
pub(crate) const ENCODER_NORM: &str = "encoder.layer_norm";
pub(crate) const ENCODER_NORM_WEIGHT: &str = "encoder.layer_norm.weight";
/// The buckets of the position bias, which the first layer keeps for all.
pub(crate) const POSITION_BIAS: &str = "encoder.layers.0.attention.rel_attn_embed.weight";
/// The linear layer of an adapter that changes the width, and the norm behind it.
pub(crate) const ADAPTER_PROJECTION: &str = "adapter.proj";
pub(crate) const ADAPTER_NORM: &str = "adapter.proj_layer_norm";

/// The weights of the sum over layers.
pub(crate) const LAYER_WEIGHTS: &str = "layer_weights";
/// A CTC head's layer.
pub(crate) const CTC: &str = "lm_head";
/// The first layer of sequence classification and of x-vectors.
pub(crate) const PROJECTOR: &str = "projector";
/// The last layer of every head but CTC.
pub(crate) const CLASSIFIER: &str = "classifier";
/// The layer that makes an x-vector, which has nothing to do with the stem, the encoder's `feature_extractor`.
pub(crate) const EMBEDDING: &str = "feature_extractor";

/// Spellings of the positional convolution's weight norm, magnitude and direction: torch's since 2.1, and before.
pub(crate) const WEIGHT_NORMS: [[&str; 2]; 2] =
    [["parametrizations.weight.original0", "parametrizations.weight.original1"], ["weight_g", "weight_v"]];

/// Layer `i` of the stem: its convolution and, where it has one, its norm.
pub(crate) fn stem(i: usize) -> [String; 2] {
    ["conv", "layer_norm"].map(|part| format!("feature_extractor.conv_layers.{i}.{part}"))
}

/// A part of transformer layer `i`, such as `attention.q_proj`.
pub(crate) fn layer(i: usize, part: &str) -> String {
    format!("encoder.layers.{i}.{part}")
}

/// Convolution `i` of the adapter.
pub(crate) fn adapter(i: usize) -> String {
    format!("adapter.layers.{i}.conv")
}

/// Time-delay layer `i` of an x-vector head.
pub(crate) fn tdnn(i: usize) -> String {
    format!("tdnn.{i}.kernel")
}

/// What training leaves in a checkpoint and no answer depends on: the first part of a tensor's name, or its last.
/// Every other tensor that the model does not read is refused.
const NOT_READ: [(Place, &str, &str); 11] = [
    (Place::First, "masked_spec_embed", "takes the place of masked frames in training"),
    (Place::First, "quantizer", "makes the targets of pre-training"),
    (Place::First, "project_q", "leads to the loss of pre-training"),
    (Place::First, "project_hid", "leads to the loss of pre-training"),
    (Place::First, "final_proj", "leads to the loss of pre-training, in the authors' files"),
    (Place::First, "label_embs_concat", "the targets of pre-training, in the authors' files"),
    (Place::First, "objective", "the classes of the x-vector's loss"),
    (Place::First, "loss_fct", "weights of classes in a loss"),
    (Place::First, "criterion", "weights of classes in a loss"),
    (Place::Last, "num_batches_tracked", "a counter of batch norms"),
    (Place::Last, "position_ids", "a count from 0 that old releases stored"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Last,
}

/// Whether a tensor that the model does not read can be left out without changing an answer.
pub(crate) fn may_be_left_out(name: &str) -> bool {
    NOT_READ.iter().any(|&(place, part, _)| match place {
        Place::First => name.split('.').next() == Some(part),
        Place::Last => name.rsplit('.').next() == Some(part),
    })
}

/// The task of the head that tensors like this belong to, under the name that `--task` takes; "one of these" where
/// more than one has such a layer. `None` for tensors of the encoder.
pub(crate) fn head_of(name: &str) -> Option<&'static str> {
    let (layer, rest) = name.split_once('.').unwrap_or((name, ""));
    match layer {
        CTC => Some("ctc"),
        "tdnn" => Some("xvector"),
        EMBEDDING if matches!(rest, "weight" | "bias") => Some("xvector"),
        PROJECTOR => Some("classify or xvector"),
        CLASSIFIER | LAYER_WEIGHTS => Some("classify, frames or xvector"),
        _ => None,
    }
}
