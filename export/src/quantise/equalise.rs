//! Channels brought to one scale before quantising, without changing what the model computes.
//!
//! Between two layers with nothing but a ReLU or a mean over time between them, a channel may be scaled up on one side
//! and down by as much on the other. Quantisation cares: one column a thousand times larger than
//! the others takes all levels of its rows for itself. Folded batch norms leave such columns behind channels that
//! hardly ever fire. After equalising, the columns of a layer are of one order, and what a channel contributes is told by
//! its activation, whose scale is chosen anew for every frame.
//!
//! Factors are powers of two, so the f32 model stays the same bit for bit. The values of the attention could be treated
//! likewise; on trained models that changed nothing but noise, as does moving channels that are no outliers.

use ndarray::{ArrayD, Axis};
use wavlm_format::{Activation, HeadKind};

use super::Replacements;
use crate::canonical::CanonicalModel;

/// Largest power of two that a channel is scaled by, either way; keeps everything far from the limits of f32.
const MAX_EXPONENT: f32 = 20.0;

/// Powers of two by which a column must differ from the layer's median to be moved.
const OUTLIER_EXPONENT: f32 = 2.0;

/// The tensors that equalising changes, by name.
pub fn equalise(model: &CanonicalModel) -> Replacements {
    let mut changed = Replacements::new();
    for link in links(model) {
        link.apply(model, &mut changed);
    }
    changed
}

/// Two layers between which channels may be scaled.
#[derive(Debug)]
struct Link {
    /// Layer whose rows make the channels.
    producer: String,
    /// Layer whose columns read the channels: `copies` times all of them, one after the other.
    consumer: String,
    copies: usize,
    /// A ReLU stands in between.
    rectified: bool,
    /// A ReLU stands before the producer, so its inputs are not negative.
    inputs_rectified: bool,
}

/// All links of a model, in the direction of its data.
fn links(model: &CanonicalModel) -> Vec<Link> {
    let encoder = &model.encoder;
    let plain = |producer: String, consumer: String| Link {
        producer,
        consumer,
        copies: 1,
        rectified: false,
        inputs_rectified: false,
    };
    let mut links = Vec::new();
    if encoder.hidden_activation == Activation::Relu {
        let with_block = |i: &u32| encoder.layer(*i as usize).intermediate_size > 0;
        for i in (0..encoder.num_layers).filter(with_block) {
            let feed_forward = format!("layers.{i}.feed_forward");
            let link = plain(format!("{feed_forward}.up"), format!("{feed_forward}.down"));
            links.push(Link { rectified: true, ..link });
        }
    }
    for head in &model.heads {
        let name = format!("heads.{}", head.name);
        match &head.kind {
            HeadKind::Sequence { .. } => {
                links.push(plain(format!("{name}.projector"), format!("{name}.classifier")));
            }
            HeadKind::XVector { tdnn, .. } => {
                let mut producer = format!("{name}.projector");
                for (i, layer) in tdnn.iter().enumerate() {
                    let consumer = format!("{name}.tdnn.{i}");
                    links.push(Link {
                        copies: layer.kernel as usize,
                        rectified: i > 0,
                        inputs_rectified: i > 1,
                        ..plain(producer, consumer.clone())
                    });
                    producer = consumer;
                }
                // Mean and deviation over time scale as their channel does.
                links.push(Link {
                    copies: 2,
                    rectified: true,
                    inputs_rectified: tdnn.len() > 1,
                    ..plain(producer, format!("{name}.embedding"))
                });
            }
            HeadKind::Ctc { .. } | HeadKind::Frame { .. } => {}
        }
    }
    links
}

impl Link {
    fn apply(&self, model: &CanonicalModel, changed: &mut Replacements) {
        let mut take = |name: String| {
            let values = changed.remove(&name).or_else(|| model.tensors.get(&name).cloned());
            values.unwrap_or_else(|| panic!("no tensor {name}"))
        };
        let [weight_name, bias_name] = ["weight", "bias"].map(|part| format!("{}.{part}", self.producer));
        let consumer_name = format!("{}.weight", self.consumer);
        let (mut weight, mut bias) = (take(weight_name.clone()), take(bias_name.clone()));
        let mut consumer = take(consumer_name.clone());

        let channels = consumer.shape()[2] / self.copies;
        for channel in 0..channels {
            if self.never_fires(&weight, &bias, channel) {
                self.for_columns(&mut consumer, channels, channel, |w| *w = 0.0);
            }
        }
        let largest: Vec<f32> = (0..channels)
            .map(|channel| {
                let mut largest = 0.0_f32;
                self.for_columns(&mut consumer, channels, channel, |w| largest = largest.max(w.abs()));
                largest
            })
            .collect();
        let typical = median(&largest);
        for (channel, largest) in largest.into_iter().enumerate() {
            let exponent = (largest / typical).log2().round().clamp(-MAX_EXPONENT, MAX_EXPONENT);
            // A channel that nobody reads has no scale.
            if largest == 0.0 || exponent.abs() < OUTLIER_EXPONENT {
                continue;
            }
            let (up, down) = (exponent.exp2(), (-exponent).exp2());
            weight.index_axis_mut(Axis(1), channel).mapv_inplace(|w| w * up);
            bias[channel] *= up;
            self.for_columns(&mut consumer, channels, channel, |w| *w *= down);
        }
        changed.extend([(weight_name, weight), (bias_name, bias), (consumer_name, consumer)]);
    }

    /// Whether the channel is 0 whatever the input: its rectifier never lets anything through.
    fn never_fires(&self, weight: &ArrayD<f32>, bias: &ArrayD<f32>, channel: usize) -> bool {
        let harmless = |w: &f32| if self.inputs_rectified { *w <= 0.0 } else { *w == 0.0 };
        self.rectified && bias[channel] <= 0.0 && weight.index_axis(Axis(1), channel).iter().all(harmless)
    }

    /// Visits the consumer's weights for one channel.
    fn for_columns(
        &self,
        consumer: &mut ArrayD<f32>,
        channels: usize,
        channel: usize,
        mut visit: impl FnMut(&mut f32),
    ) {
        for copy in 0..self.copies {
            let column = copy * channels + channel;
            consumer.index_axis_mut(Axis(2), column).iter_mut().for_each(&mut visit);
        }
    }
}

/// The middle of the values above 0; 1 if there are none.
fn median(values: &[f32]) -> f32 {
    let mut values: Vec<f32> = values.iter().copied().filter(|&value| value > 0.0).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}
