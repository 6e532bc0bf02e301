//! The heads' tensors and outputs: one arm per kind of head.

use super::list::{Affine, TensorId, TensorList};
use super::outputs::HeadOutputs;
use crate::config::{EncoderConfig, Head, HeadKind, TdnnShape};

/// Tensors and outputs of one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadTensors {
    /// The head's name.
    pub name: String,
    /// One number per hidden state, before softmax; present in heads with a weighted layer sum.
    pub layer_weights: Option<TensorId>,
    /// Its layers.
    pub layers: HeadLayers,
    /// What it gives.
    pub outputs: HeadOutputs,
}

/// The layers of each kind of head, in the order of [`HeadKind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadLayers {
    /// `[1, tokens, width]`
    Ctc {
        /// To the tokens.
        output: Affine,
    },
    /// A mean over time lies between the two.
    Sequence {
        /// `[1, projection, hidden_size]`
        projector: Affine,
        /// `[1, labels, projection]`
        classifier: Affine,
    },
    /// `[1, labels, hidden_size]`
    Frame {
        /// To the labels.
        classifier: Affine,
    },
    /// Mean and deviation over time lie between `tdnn` and `embedding`.
    XVector {
        /// `[1, tdnn[0].dim, hidden_size]`
        projector: Affine,
        /// `[1, dim, taps * inputs]` each.
        tdnn: Vec<Affine>,
        /// `[1, embedding, 2 * channels]`: columns of the means, then of the deviations.
        embedding: Affine,
        /// `[1, labels, embedding]`
        classifier: Affine,
    },
}

impl HeadTensors {
    /// `prefixed` tells whether the names of its outputs begin with its own: where the file has other heads.
    pub(super) fn list(head: &Head, prefixed: bool, encoder: &EncoderConfig, list: &mut TensorList) -> Self {
        let name = |part: &str| format!("heads.{}.{part}", head.name);
        let states = u64::from(encoder.num_layers) + 1;
        let layer_weights = head.weighted_layer_sum.then(|| list.dense(name("layer_weights"), &[states]));
        let hidden = u64::from(encoder.hidden_size);
        let outputs = head.kind.labels().len() as u64;
        let layers = match &head.kind {
            HeadKind::Ctc { .. } => HeadLayers::Ctc {
                output: list.linear(&name("output"), outputs, encoder.output_width() as u64),
            },
            HeadKind::Sequence { projection, .. } => {
                let projection = u64::from(*projection);
                HeadLayers::Sequence {
                    projector: list.linear(&name("projector"), projection, hidden),
                    classifier: list.linear(&name("classifier"), outputs, projection),
                }
            }
            HeadKind::Frame { .. } => {
                HeadLayers::Frame { classifier: list.linear(&name("classifier"), outputs, hidden) }
            }
            HeadKind::XVector { tdnn, embedding, .. } => {
                let embedding = u64::from(*embedding);
                let inputs = tdnn_inputs(tdnn);
                HeadLayers::XVector {
                    projector: list.linear(&name("projector"), inputs[0], hidden),
                    tdnn: (tdnn.iter().zip(&inputs).enumerate())
                        .map(|(i, (layer, inputs))| {
                            let taps = u64::from(layer.kernel);
                            list.linear(&name(&format!("tdnn.{i}")), u64::from(layer.dim), taps * inputs)
                        })
                        .collect(),
                    embedding: list.linear(&name("embedding"), embedding, 2 * inputs[tdnn.len()]),
                    classifier: list.linear(&name("classifier"), outputs, embedding),
                }
            }
        };
        Self { name: head.name.clone(), layer_weights, layers, outputs: HeadOutputs::of(head, prefixed) }
    }
}

/// Channels in front of every time-delay layer, and behind the last. The first layer has as many inputs as outputs.
fn tdnn_inputs(tdnn: &[TdnnShape]) -> Vec<u64> {
    let first = tdnn.first().map_or(0, |layer| layer.dim);
    [first].into_iter().chain(tdnn.iter().map(|layer| layer.dim)).map(u64::from).collect()
}
