//! Lengths and widths that follow from a configuration: frames out of samples, channels into a convolution.
//!
//! Every length here counts complete windows: `floor((n - window) / stride) + 1`, and none where `n < window`.

use std::borrow::Cow;

use crate::config::{AdapterConfig, ConvShape, EncoderConfig, HeadKind, LayerShape, TdnnShape};

/// Windows of `window` inputs, `stride` apart, that fit into `n` inputs; `None` if not even one does.
fn windows(n: usize, window: usize, stride: usize) -> Option<usize> {
    Some(n.checked_sub(window)?.checked_div(stride)? + 1)
}

impl EncoderConfig {
    /// Frames that the stem makes of `samples` samples; `None` if there are fewer than
    /// [`receptive_field`](Self::receptive_field).
    pub fn frames(&self, samples: usize) -> Option<usize> {
        self.stem.iter().try_fold(samples, |n, conv| conv.frames(n))
    }

    /// Samples that one frame depends on: the shortest input the stem accepts (400 for the standard stem).
    pub fn receptive_field(&self) -> usize {
        self.samples(1)
    }

    /// Samples from one frame to the next (320 for the standard stem).
    pub fn hop(&self) -> usize {
        self.stem.iter().fold(1, |hop, conv| hop.saturating_mul(conv.stride as usize))
    }

    /// The shortest input from which the stem makes `frames` frames, at least one.
    pub fn samples(&self, frames: usize) -> usize {
        self.stem.iter().rev().fold(frames, |n, conv| {
            (n.saturating_sub(1)).saturating_mul(conv.stride as usize).saturating_add(conv.kernel as usize)
        })
    }

    /// Channels of the input of stem convolution `index`: 1, the waveform, for the first; those behind the stem for
    /// `stem.len()`. Panics beyond.
    pub fn stem_inputs(&self, index: usize) -> usize {
        match index.checked_sub(1) {
            Some(previous) => self.stem[previous].dim as usize,
            None => 1,
        }
    }

    /// Channels behind the stem.
    pub fn stem_width(&self) -> usize {
        self.stem_inputs(self.stem.len())
    }

    /// The shape of a layer: its own, or that of all.
    pub fn layer(&self, index: usize) -> Cow<'_, LayerShape> {
        let alike = || LayerShape {
            heads: (0..self.num_heads).collect(),
            intermediate_size: self.intermediate_size,
            attention_of: None,
        };
        self.layers.get(index).map_or_else(|| Cow::Owned(alike()), Cow::Borrowed)
    }

    /// The encoder with layers of these shapes: none of their own if all of them are alike, else `intermediate_size` is that of
    /// the widest.
    #[must_use]
    pub fn with_layers(self, layers: Vec<LayerShape>) -> Self {
        let plain = Self { layers: Vec::new(), ..self };
        if layers.iter().all(|layer| *layer == *plain.layer(0)) {
            return plain;
        }
        let widest = layers.iter().map(|layer| layer.intermediate_size).max().unwrap_or(0);
        Self { intermediate_size: widest.max(1), layers, ..plain }
    }

    /// Whether a layer has its two norms, that of the attention and that of the feed-forward block. Where norms stand behind
    /// blocks they stay when pruning takes the block.
    pub fn norms(&self, index: usize) -> [bool; 2] {
        let shape = self.layer(index);
        [!shape.heads.is_empty(), shape.intermediate_size > 0].map(|there| there || !self.stable_layer_norm)
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        (self.hidden_size / self.num_heads) as usize
    }

    /// Width of the last hidden state: behind the adapter if there is one.
    pub fn output_width(&self) -> usize {
        self.adapter.map_or(self.hidden_size, |adapter| adapter.output_hidden_size) as usize
    }

    /// Frames of the last hidden state for `samples` samples: behind the adapter if there is one.
    pub fn output_frames(&self, samples: usize) -> Option<usize> {
        let frames = self.frames(samples)?;
        self.adapter.map_or(Some(frames), |adapter| adapter.frames(frames))
    }
}

impl ConvShape {
    /// Outputs for `n` input frames, without padding.
    pub fn frames(&self, n: usize) -> Option<usize> {
        windows(n, self.kernel as usize, self.stride as usize)
    }
}

impl AdapterConfig {
    /// Zero frames that each convolution puts on both sides of its input.
    pub const PADDING: usize = 1;

    /// Frames behind all convolutions for `n` frames in front of the first; `None` if they become too few on the way.
    pub fn frames(&self, n: usize) -> Option<usize> {
        (0..self.num_layers).try_fold(n, |n, _| {
            windows(n.checked_add(2 * Self::PADDING)?, self.kernel as usize, self.stride as usize)
        })
    }

    /// Of [`frames`](Self::frames), how many an attention mask counts as valid when `n` were valid in front: transformers
    /// computes this as if the kernel were 1 wide and unpadded.
    pub fn valid_frames(&self, n: usize) -> usize {
        (0..self.num_layers).fold(n, |n, _| windows(n, 1, self.stride as usize).unwrap_or(0))
    }
}

impl TdnnShape {
    /// Input frames that one output depends on.
    pub fn reach(&self) -> usize {
        (self.kernel as usize).saturating_sub(1).saturating_mul(self.dilation as usize).saturating_add(1)
    }

    /// Outputs for `n` input frames.
    pub fn frames(&self, n: usize) -> Option<usize> {
        windows(n, self.reach(), 1)
    }
}

impl HeadKind {
    /// `ctc`, `sequence`, `frame` or `xvector`.
    pub fn name(&self) -> &'static str {
        match self {
            HeadKind::Ctc { .. } => "ctc",
            HeadKind::Sequence { .. } => "sequence",
            HeadKind::Frame { .. } => "frame",
            HeadKind::XVector { .. } => "xvector",
        }
    }

    /// The text of every logit: labels, or the vocabulary of a CTC head.
    pub fn labels(&self) -> &[String] {
        match self {
            HeadKind::Ctc { vocabulary, .. } => vocabulary,
            HeadKind::Sequence { labels, .. }
            | HeadKind::Frame { labels }
            | HeadKind::XVector { labels, .. } => labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Activation, StemNorm};

    /// The encoder of wavlm-base.
    fn base() -> EncoderConfig {
        let stem = [(10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)];
        EncoderConfig {
            stem: stem.map(|(kernel, stride)| ConvShape { dim: 512, kernel, stride }).to_vec(),
            stem_norm: StemNorm::Group,
            stem_activation: Activation::Gelu,
            hidden_size: 768,
            num_layers: 12,
            num_heads: 12,
            intermediate_size: 3072,
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

    #[test]
    fn the_standard_stem_has_its_well_known_numbers() {
        let base = base();
        assert_eq!(base.validate(), Ok(()));
        assert_eq!((base.receptive_field(), base.hop()), (400, 320));
        assert_eq!((base.stem_inputs(0), base.stem_inputs(1), base.stem_width()), (1, 512, 512));
        assert_eq!(base.head_dim(), 64);
        for (samples, frames) in [(0, None), (399, None), (400, Some(1)), (719, Some(1)), (16000, Some(49))] {
            assert_eq!(base.frames(samples), frames, "{samples}");
        }
    }

    #[test]
    fn samples_are_the_fewest_that_make_the_frames() {
        let base = base();
        for frames in 1..50 {
            let samples = base.samples(frames);
            assert_eq!(base.frames(samples), Some(frames));
            assert!(base.frames(samples - 1) < Some(frames));
        }
    }

    #[test]
    fn adapters_shorten_and_widen() {
        let adapter = AdapterConfig { output_hidden_size: 28, kernel: 3, stride: 2, num_layers: 3 };
        // floor((n + 2 - 3) / 2) + 1, thrice: 49, 25, 13, 7.
        assert_eq!(adapter.frames(49), Some(7));
        assert_eq!(adapter.valid_frames(49), 7);
        let wide = AdapterConfig { kernel: 5, ..adapter };
        // 49, 24, 11, 5; masks count as for the kernel above.
        assert_eq!((wide.frames(49), wide.valid_frames(49)), (Some(5), 7));
        assert_eq!((wide.frames(2), wide.valid_frames(0)), (None, 0));

        let config = EncoderConfig { adapter: Some(adapter), ..base() };
        assert_eq!((config.output_width(), config.output_frames(16000)), (28, Some(7)));
        assert_eq!((base().output_width(), base().output_frames(16000)), (768, Some(49)));
    }

    #[test]
    fn dilated_layers_reach_further() {
        let layer = TdnnShape { dim: 512, kernel: 3, dilation: 3 };
        assert_eq!(layer.reach(), 7);
        assert_eq!((layer.frames(6), layer.frames(7), layer.frames(49)), (None, Some(1), Some(43)));
    }

    #[test]
    fn lengths_of_absurd_configurations_saturate() {
        let absurd = ConvShape { dim: 1, kernel: u32::MAX, stride: u32::MAX };
        let config = EncoderConfig { stem: vec![absurd; 32], ..base() };
        assert_eq!((config.hop(), config.receptive_field()), (usize::MAX, usize::MAX));
        assert_eq!(config.frames(usize::MAX), None);
    }
}
