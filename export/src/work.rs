//! What a forward pass computes, step by step: how long and how large it will be is told from that.

use wavlm_format::{EncoderConfig, Head, HeadKind, Header, Precision};
use wavlm_known_boards::Work;
use wavlm_runtime::frontend::SAMPLE_RATE;

/// A layer, or what a layer does for each of its attention heads.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Numbers that it reads.
    pub inputs: f64,
    /// Numbers that it gives, each time.
    pub outputs: f64,
    /// Products that each of them is the sum of.
    pub terms: f64,
    /// How often it is done, one after the other.
    pub times: f64,
    /// It is computed in f32 whatever the precision of the file.
    pub exact: bool,
}

impl Step {
    fn layer(inputs: f64, [frames, channels]: [f64; 2], terms: f64) -> Self {
        Step { inputs, outputs: frames * channels, terms, times: 1.0, exact: false }
    }

    /// Numbers that it gives, all in all.
    pub fn activations(&self) -> f64 {
        self.times * self.outputs
    }

    /// Bytes in memory together: what it reads, what it gives, and a copy of that.
    pub fn bytes(&self) -> f64 {
        4.0 * (self.inputs + 2.0 * self.outputs)
    }

    /// Products that they are the sums of.
    pub fn products(&self) -> f64 {
        self.activations() * self.terms
    }
}

/// The steps for one utterance of so many samples: stem, encoder, adapter, and the heads of those.
pub fn steps(encoder: &EncoderConfig, heads: &[Head], samples: usize) -> Vec<Step> {
    let (mut steps, hidden) = (Vec::new(), f64::from(encoder.hidden_size));
    let (mut frames, mut channels) = (samples, 1.0);
    for (index, conv) in encoder.stem.iter().enumerate() {
        let made = conv.frames(frames).unwrap_or(0);
        let dim = f64::from(conv.dim);
        let inputs = frames as f64 * channels;
        let step = Step::layer(inputs, [made as f64, dim], f64::from(conv.kernel) * channels);
        steps.push(Step { exact: index == 0, ..step });
        (frames, channels) = (made, dim);
    }
    let t = frames as f64;
    steps.push(Step::layer(t * channels, [t, hidden], channels));
    let of_group = f64::from(encoder.positional_kernel) * hidden / f64::from(encoder.positional_groups);
    steps.push(Step::layer(t * hidden, [t, hidden], of_group));
    for layer in 0..encoder.num_layers as usize {
        of_layer(encoder, layer, t, &mut steps);
    }
    let behind = of_adapter(encoder, t, &mut steps);
    for head in heads {
        of_head(head, behind.max(t), hidden, &mut steps);
    }
    steps
}

/// Attention and the feed-forward block, of what pruning left.
fn of_layer(encoder: &EncoderConfig, layer: usize, t: f64, steps: &mut Vec<Step>) {
    let (shape, hidden) = (encoder.layer(layer), f64::from(encoder.hidden_size));
    let (heads, width) = (shape.heads.len() as f64, encoder.head_dim() as f64);
    if heads > 0.0 {
        let (projected, multiplied) = if shape.attention_of.is_some() { (1.0, 1.0) } else { (3.0, 2.0) };
        steps.push(Step::layer(t * hidden, [t, projected * heads * width], hidden));
        steps.push(Step {
            times: heads,
            exact: true,
            ..Step::layer(t * projected * width, [t, t], multiplied * width)
        });
        steps.push(Step::layer(t * heads * width, [t, hidden], heads * width));
    }
    let inner = f64::from(shape.intermediate_size);
    if inner > 0.0 {
        steps.push(Step::layer(t * hidden, [t, inner], hidden));
        steps.push(Step::layer(t * inner, [t, hidden], inner));
    }
}

/// Returns the frames behind it.
fn of_adapter(encoder: &EncoderConfig, t: f64, steps: &mut Vec<Step>) -> f64 {
    let Some(adapter) = &encoder.adapter else { return t };
    let (width, kernel) = (f64::from(adapter.output_hidden_size), f64::from(adapter.kernel));
    let hidden = f64::from(encoder.hidden_size);
    if width != hidden {
        steps.push(Step::layer(t * hidden, [t, width], hidden));
    }
    (0..adapter.num_layers).fold(t, |frames, _| {
        let made = frames / f64::from(adapter.stride) + 1.0;
        steps.push(Step::layer(frames * width, [made, 2.0 * width], kernel * width));
        made
    })
}

fn of_head(head: &Head, frames: f64, hidden: f64, steps: &mut Vec<Step>) {
    let labels = head.kind.labels().len() as f64;
    match &head.kind {
        HeadKind::Ctc { .. } | HeadKind::Frame { .. } => {
            steps.push(Step::layer(frames * hidden, [frames, labels], hidden));
        }
        HeadKind::Sequence { projection, .. } => {
            steps.push(Step::layer(frames * hidden, [1.0, f64::from(*projection)], hidden));
        }
        HeadKind::XVector { tdnn, .. } => {
            let mut channels = tdnn.first().map_or(1.0, |layer| f64::from(layer.dim));
            steps.push(Step::layer(frames * hidden, [frames, channels], hidden));
            for layer in tdnn {
                let dim = f64::from(layer.dim);
                let terms = f64::from(layer.kernel) * channels;
                steps.push(Step::layer(frames * channels, [frames, dim], terms));
                channels = dim;
            }
        }
    }
}

/// What one second of sound is to a file that has every head run.
pub fn of_one_second(header: &Header) -> Work {
    let steps = steps(&header.encoder, &header.heads, SAMPLE_RATE as usize);
    steps.iter().fold(Work::default(), |mut work, step| {
        match step.exact || header.precision == Precision::F32 {
            true => work.products_f32 += step.products(),
            false => work.products_i8 += step.products(),
        }
        work.activations += step.activations();
        work
    })
}

/// Bytes that a program is expected to take at its peak with one utterance of so many samples: the file, the program and its
/// buffers for the stem, and the largest step.
pub fn peak_memory(header: &Header, file_bytes: usize, samples: usize) -> f64 {
    const PROGRAM: f64 = 12e6;
    let of_encoder =
        steps(&header.encoder, &header.heads, samples).into_iter().skip(header.encoder.stem.len());
    let largest = of_encoder.map(|step| step.bytes()).fold(0.0, f64::max);
    file_bytes as f64 + PROGRAM + largest
}

#[cfg(test)]
pub(crate) mod tests {
    use wavlm_format::{Activation, ConvShape, LayerShape, StemNorm};

    use super::*;

    pub(crate) const STANDARD: [[u32; 3]; 7] =
        [[512, 10, 5], [512, 3, 2], [512, 3, 2], [512, 3, 2], [512, 3, 2], [512, 2, 2], [512, 2, 2]];

    /// Like a published one, of other sizes.
    pub(crate) fn encoder(stem: &[[u32; 3]], hidden_size: u32, num_layers: u32) -> EncoderConfig {
        EncoderConfig {
            stem: stem.iter().map(|&[dim, kernel, stride]| ConvShape { dim, kernel, stride }).collect(),
            stem_norm: StemNorm::Group,
            stem_activation: Activation::Gelu,
            hidden_size,
            num_layers,
            num_heads: 16,
            intermediate_size: 4 * hidden_size,
            hidden_activation: Activation::Gelu,
            layer_norm_eps: 1e-5,
            positional_kernel: 128,
            positional_groups: 16,
            num_buckets: 320,
            max_bucket_distance: 800,
            stable_layer_norm: false,
            adapter: None,
            stem_scale: false,
            layers: Vec::new(),
        }
    }

    fn products(encoder: &EncoderConfig) -> f64 {
        steps(encoder, &[], 16_000).iter().map(Step::products).sum()
    }

    #[test]
    fn what_pruning_took_is_not_counted() {
        let whole = encoder(&STANDARD, 768, 12);
        let all = LayerShape { heads: (0..16).collect(), intermediate_size: 3072, attention_of: None };
        let with = |shape: LayerShape| {
            let layers = (0..12).map(|layer| if layer == 5 { shape.clone() } else { all.clone() }).collect();
            products(&EncoderConfig { layers, ..whole.clone() })
        };
        assert_eq!(with(all.clone()), products(&whole));
        let (frames, hidden) = (49.0, 768.0);
        let feed_forward = 2.0 * frames * hidden * 3072.0;
        let attention = 4.0 * frames * hidden * hidden + 2.0 * frames * frames * hidden;
        let less = |shape| products(&whole) - with(shape);
        assert_eq!(less(LayerShape { intermediate_size: 0, ..all.clone() }), feed_forward);
        assert_eq!(less(LayerShape { heads: Vec::new(), ..all.clone() }), attention);
        assert_eq!(less(LayerShape { heads: vec![1, 3, 7, 11], ..all.clone() }), 0.75 * attention);
        let shared = LayerShape { attention_of: Some(2), ..all.clone() };
        assert_eq!(less(shared), 2.0 * frames * hidden * hidden + frames * frames * hidden);
    }
}
