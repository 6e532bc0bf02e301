//! The lower layers of an encoder alone.

use ndarray::{Axis, Slice};
use wavlm_format::{EncoderConfig, Schema};

use super::model::CanonicalModel;
use super::tensors::CanonicalTensors;

/// Why an encoder cannot be cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CutError {
    /// Nothing would be left, or nothing cut off.
    #[error("{found} layers cannot be kept of {layers}; choose 1 to {}", layers - 1)]
    Layers {
        /// Layers that were asked for.
        found: u32,
        /// Layers of the encoder.
        layers: u32,
    },
    /// A head that was trained on the last layer.
    #[error(
        "head `{0}` reads the last layer alone, which would be cut off; only heads over a weighted sum of layers can be kept \
         (use_weighted_layer_sum), or none (--task none)"
    )]
    Head(String),
    /// No model has this configuration.
    #[error(transparent)]
    Config(#[from] wavlm_format::ConfigError),
}

impl CanonicalModel {
    /// The model with the first `layers` layers alone. The weights of sums over layers are shared out among those that are
    /// left, in the same proportions: their softmax does that.
    ///
    /// # Errors
    /// There are no more layers than that, or a head needs the others.
    pub fn cut(&self, layers: u32) -> Result<Self, CutError> {
        if layers == 0 || layers >= self.encoder.num_layers {
            return Err(CutError::Layers { found: layers, layers: self.encoder.num_layers });
        }
        if let Some(head) = self.heads.iter().find(|head| !head.weighted_layer_sum) {
            return Err(CutError::Head(head.name.clone()));
        }
        let mut encoder = EncoderConfig { num_layers: layers, ..self.encoder.clone() };
        encoder.layers.truncate(layers as usize);
        let conv_bias = self.tensors.get("stem.0.conv.bias").is_some();
        let schema = Schema::new(&encoder, &self.heads, conv_bias)?;
        let mut tensors = CanonicalTensors::default();
        for spec in schema.tensors() {
            let values = self.tensors.get(&spec.name).expect("what a smaller model has, the larger one has");
            // The weights of a sum are all that becomes shorter.
            let values = match spec.shape.first() {
                Some(&length) if spec.shape.len() == 1 && (length as usize) < values.len() => {
                    values.slice_axis(Axis(0), Slice::from(..length as usize)).to_owned()
                }
                _ => values.clone(),
            };
            tensors.push(spec.name.clone(), spec.role, values);
        }
        Ok(Self { encoder, heads: self.heads.clone(), preprocessing: self.preprocessing, tensors })
    }
}
