//! Waveform to features: the strided convolutions.

use ndarray::{Array2, Axis};
use wavlm_format::StemNorm;

use super::arithmetic::{activate, normalise};
use super::layers::Oracle;
use crate::reference::ReferenceError;

/// Epsilon of every norm in the stem: torch's default, whatever `layer_norm_eps` says.
const STEM_EPS: f32 = 1e-5;

impl Oracle<'_> {
    /// (samples, 1) to (frames, channels).
    pub(super) fn stem(&self, waveform: &Array2<f32>) -> Result<Array2<f32>, ReferenceError> {
        let encoder = &self.model.encoder;
        let mut frames = waveform.clone();
        for (i, conv) in encoder.stem.iter().enumerate() {
            let taps = conv.kernel as usize;
            if frames.nrows() < taps {
                let (samples, layer) = (waveform.nrows(), format!("stem.{i}"));
                return Err(ReferenceError::TooShort { samples, layer, frames: frames.nrows(), taps });
            }
            let name = format!("stem.{i}");
            frames = self.convolution(&frames, &format!("{name}.conv"), conv.stride as usize);
            let norm_over = match encoder.stem_norm {
                StemNorm::Group if i == 0 => Some(Axis(0)),
                StemNorm::Group => None,
                StemNorm::Layer => Some(Axis(1)),
            };
            if let Some(axis) = norm_over {
                let tensors = &self.model.tensors;
                let weight = tensors.vector(&format!("{name}.norm.weight"));
                let bias = tensors.vector(&format!("{name}.norm.bias"));
                frames = normalise(&frames, axis, STEM_EPS, weight, bias);
            }
            activate(encoder.stem_activation, &mut frames);
        }
        Ok(frames)
    }

    /// Frames that the stem makes of so many samples.
    pub(super) fn stem_frames(&self, samples: usize) -> usize {
        self.model.encoder.stem.iter().fold(samples, |frames, conv| {
            let (kernel, stride) = (conv.kernel as usize, conv.stride as usize);
            frames.checked_sub(kernel).map_or(0, |rest| rest / stride + 1)
        })
    }
}
