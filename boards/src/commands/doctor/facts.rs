//! What a model file is.

use serde::Serialize;
use wavlm_format::{Agreement, Head, HeadKind, Header, Precision, TensorEntry};

/// A model.
#[derive(Serialize)]
pub struct Facts {
    pub name: String,
    pub bytes: usize,
    pub parameters: u64,
    pub precision: &'static str,
    pub heads: Vec<HeadFacts>,
    pub licence: String,
    pub source: String,
    pub worst: Option<Worst>,
}

/// One of its heads.
#[derive(Serialize)]
pub struct HeadFacts {
    pub name: String,
    pub kind: &'static str,
    pub labels: Vec<String>,
    pub threshold: Option<f32>,
    pub lower_threshold: Option<f32>,
    pub text_dependent_threshold: Option<f32>,
}

/// The tensor that strayed furthest when the model was exported.
#[derive(Serialize)]
pub struct Worst {
    pub tensor: String,
    pub cosine: f32,
}

impl Facts {
    /// Of a file, from its header.
    pub fn new(name: &str, bytes: usize, header: &Header) -> Self {
        let worst = header.report.as_ref().and_then(|report| {
            report.tensors.iter().min_by(|a: &&Agreement, b| a.cosine.total_cmp(&b.cosine))
        });
        Facts {
            name: name.to_owned(),
            bytes,
            parameters: header
                .tensors
                .iter()
                .map(|tensor: &TensorEntry| tensor.shape.iter().product::<u64>())
                .sum(),
            precision: match header.precision {
                Precision::Int8 => "int8",
                Precision::Int4 => "int4",
                Precision::F32 => "f32",
            },
            heads: header.heads.iter().map(HeadFacts::new).collect(),
            licence: header.licence.clone(),
            source: header.source.clone(),
            worst: worst.map(|worst| Worst { tensor: worst.tensor.clone(), cosine: worst.cosine }),
        }
    }
}

impl HeadFacts {
    fn new(head: &Head) -> Self {
        // An x-vector's labels are the speakers it was trained on, a vocabulary is no list of things to say.
        let labels = match &head.kind {
            HeadKind::Sequence { labels, .. } | HeadKind::Frame { labels } => labels.clone(),
            _ => Vec::new(),
        };
        HeadFacts {
            name: head.name.clone(),
            kind: head.kind.name(),
            labels,
            threshold: head.decision.map(|decision| decision.threshold),
            lower_threshold: head.decision.and_then(|decision| decision.lower_threshold),
            text_dependent_threshold: head.decision.and_then(|decision| decision.text_dependent_threshold),
        }
    }
}
