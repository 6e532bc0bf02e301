//! A whole model in canonical form.

use wavlm_format::{EncoderConfig, Head, Preprocessing};

use super::tensors::CanonicalTensors;

/// A whole model in f32.
#[derive(Clone, Debug)]
pub struct CanonicalModel {
    /// Shape of the encoder.
    pub encoder: EncoderConfig,
    /// Tasks over the encoder.
    pub heads: Vec<Head>,
    /// How the waveform is prepared.
    pub preprocessing: Preprocessing,
    /// The weights.
    pub tensors: CanonicalTensors,
}
