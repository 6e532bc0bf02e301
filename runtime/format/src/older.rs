//! Headers of earlier versions, which files in use still have. In version 1 a decision had one threshold; up to version 2 all
//! layers were alike; up to version 3 voices were compared whatever they say; up to version 4 every window was heard once.

use serde::Deserialize;

use crate::config::{
    Activation, AdapterConfig, ConvShape, Decision, EncoderConfig, Head, HeadKind, Preprocessing, StemNorm,
};
use crate::header::{ExportReport, Header, Precision, TensorEntry};

/// Version 1.
pub(crate) type HeaderV1 = OlderHeader<OlderEncoder, DecisionV1>;
/// Version 2.
pub(crate) type HeaderV2 = OlderHeader<OlderEncoder, DecisionV2>;
/// Version 3.
pub(crate) type HeaderV3 = OlderHeader<EncoderConfig, DecisionV2>;
/// Version 4.
pub(crate) type HeaderV4 = OlderHeader<EncoderConfig, DecisionV4>;

/// What the versions have in common, around the encoder of one and the decisions of one.
#[derive(Deserialize)]
pub(crate) struct OlderHeader<E, D> {
    encoder: E,
    heads: Vec<OlderHead<D>>,
    preprocessing: Preprocessing,
    precision: Precision,
    tensors: Vec<TensorEntry>,
    report: Option<ExportReport>,
    licence: String,
    source: String,
}

/// Up to version 2.
#[derive(Deserialize)]
pub(crate) struct OlderEncoder {
    stem: Vec<ConvShape>,
    stem_norm: StemNorm,
    stem_activation: Activation,
    hidden_size: u32,
    num_layers: u32,
    num_heads: u32,
    intermediate_size: u32,
    hidden_activation: Activation,
    layer_norm_eps: f32,
    positional_kernel: u32,
    positional_groups: u32,
    num_buckets: u32,
    max_bucket_distance: u32,
    stable_layer_norm: bool,
    adapter: Option<AdapterConfig>,
}

#[derive(Deserialize)]
struct OlderHead<D> {
    name: String,
    kind: HeadKind,
    weighted_layer_sum: bool,
    decision: Option<D>,
}

#[derive(Deserialize)]
pub(crate) struct DecisionV1 {
    threshold: f32,
    window_s: f32,
    hop_s: f32,
    smoothing_windows: u32,
    refractory_s: f32,
}

/// Of versions 2 and 3.
#[derive(Deserialize)]
pub(crate) struct DecisionV2 {
    threshold: f32,
    lower_threshold: Option<f32>,
    window_s: f32,
    hop_s: f32,
    smoothing_windows: u32,
    refractory_s: f32,
}

#[derive(Deserialize)]
pub(crate) struct DecisionV4 {
    threshold: f32,
    lower_threshold: Option<f32>,
    text_dependent_threshold: Option<f32>,
    window_s: f32,
    hop_s: f32,
    smoothing_windows: u32,
    refractory_s: f32,
}

impl<E: Into<EncoderConfig>, D: Into<Decision>> From<OlderHeader<E, D>> for Header {
    fn from(old: OlderHeader<E, D>) -> Header {
        Header {
            encoder: old.encoder.into(),
            heads: old.heads.into_iter().map(Head::from).collect(),
            preprocessing: old.preprocessing,
            precision: old.precision,
            tensors: old.tensors,
            report: old.report,
            licence: old.licence,
            source: old.source,
        }
    }
}

impl From<OlderEncoder> for EncoderConfig {
    fn from(old: OlderEncoder) -> EncoderConfig {
        EncoderConfig {
            stem: old.stem,
            stem_norm: old.stem_norm,
            stem_activation: old.stem_activation,
            hidden_size: old.hidden_size,
            num_layers: old.num_layers,
            num_heads: old.num_heads,
            intermediate_size: old.intermediate_size,
            hidden_activation: old.hidden_activation,
            layer_norm_eps: old.layer_norm_eps,
            positional_kernel: old.positional_kernel,
            positional_groups: old.positional_groups,
            num_buckets: old.num_buckets,
            max_bucket_distance: old.max_bucket_distance,
            stable_layer_norm: old.stable_layer_norm,
            adapter: old.adapter,
            stem_scale: false,
            layers: Vec::new(),
        }
    }
}

impl<D: Into<Decision>> From<OlderHead<D>> for Head {
    fn from(old: OlderHead<D>) -> Head {
        Head {
            name: old.name,
            kind: old.kind,
            weighted_layer_sum: old.weighted_layer_sum,
            decision: old.decision.map(Into::into),
        }
    }
}

impl From<DecisionV1> for Decision {
    fn from(old: DecisionV1) -> Decision {
        let DecisionV1 { threshold, window_s, hop_s, smoothing_windows, refractory_s } = old;
        DecisionV2 { threshold, lower_threshold: None, window_s, hop_s, smoothing_windows, refractory_s }
            .into()
    }
}

impl From<DecisionV2> for Decision {
    fn from(old: DecisionV2) -> Decision {
        let DecisionV2 { threshold, lower_threshold, window_s, hop_s, smoothing_windows, refractory_s } = old;
        let text_dependent_threshold = None;
        DecisionV4 {
            threshold,
            lower_threshold,
            text_dependent_threshold,
            window_s,
            hop_s,
            smoothing_windows,
            refractory_s,
        }
        .into()
    }
}

impl From<DecisionV4> for Decision {
    fn from(old: DecisionV4) -> Decision {
        Decision {
            threshold: old.threshold,
            lower_threshold: old.lower_threshold,
            text_dependent_threshold: old.text_dependent_threshold,
            window_s: old.window_s,
            hop_s: old.hop_s,
            smoothing_windows: old.smoothing_windows,
            refractory_s: old.refractory_s,
            confirmation: None,
        }
    }
}
