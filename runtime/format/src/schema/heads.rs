//! The heads' tensors and outputs: one arm per kind of head.

use super::list::{Affine, Role, TensorId, TensorList};
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
        /// The time-delay layers.
        tdnn: Vec<TdnnLayer>,
        /// `[1, embedding, 2 * channels]`: columns of the means, then of the deviations.
        embedding: Affine,
        /// `[1, labels, embedding]`
        classifier: Affine,
    },
}

/// A time-delay layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TdnnLayer {
    /// Its sizes.
    pub shape: TdnnShape,
    /// `[1, dim, taps * inputs]`
    pub conv: Affine,
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
                // The first time-delay layer has as many inputs as outputs.
                let mut channels = u64::from(tdnn[0].dim);
                HeadLayers::XVector {
                    projector: list.linear(&name("projector"), channels, hidden),
                    tdnn: (tdnn.iter().enumerate())
                        .map(|(i, &shape)| {
                            let (dim, inputs) = (u64::from(shape.dim), u64::from(shape.kernel) * channels);
                            channels = dim;
                            TdnnLayer {
                                shape,
                                conv: list.affine(
                                    &name(&format!("tdnn.{i}")),
                                    Role::Matrix,
                                    [1, dim, inputs],
                                ),
                            }
                        })
                        .collect(),
                    embedding: list.linear(&name("embedding"), embedding, 2 * channels),
                    classifier: list.linear(&name("classifier"), outputs, embedding),
                }
            }
        };
        Self { name: head.name.clone(), layer_weights, layers, outputs: HeadOutputs::of(head, prefixed) }
    }
}
