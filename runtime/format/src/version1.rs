//! Headers of version 1, which files in use still have: a decision had one threshold.

use serde::Deserialize;

use crate::config::{Decision, EncoderConfig, Head, HeadKind, Preprocessing};
use crate::header::{ExportReport, Header, Precision, TensorEntry};

#[derive(Deserialize)]
pub(crate) struct HeaderV1 {
    encoder: EncoderConfig,
    heads: Vec<HeadV1>,
    preprocessing: Preprocessing,
    precision: Precision,
    tensors: Vec<TensorEntry>,
    report: Option<ExportReport>,
    licence: String,
    source: String,
}

#[derive(Deserialize)]
struct HeadV1 {
    name: String,
    kind: HeadKind,
    weighted_layer_sum: bool,
    decision: Option<DecisionV1>,
}

#[derive(Deserialize)]
struct DecisionV1 {
    threshold: f32,
    window_s: f32,
    hop_s: f32,
    smoothing_windows: u32,
    refractory_s: f32,
}

impl From<HeaderV1> for Header {
    fn from(old: HeaderV1) -> Header {
        Header {
            encoder: old.encoder,
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

impl From<HeadV1> for Head {
    fn from(old: HeadV1) -> Head {
        Head {
            name: old.name,
            kind: old.kind,
            weighted_layer_sum: old.weighted_layer_sum,
            decision: old.decision.map(Decision::from),
        }
    }
}

impl From<DecisionV1> for Decision {
    fn from(old: DecisionV1) -> Decision {
        Decision {
            threshold: old.threshold,
            lower_threshold: None,
            window_s: old.window_s,
            hop_s: old.hop_s,
            smoothing_windows: old.smoothing_windows,
            refractory_s: old.refractory_s,
        }
    }
}
