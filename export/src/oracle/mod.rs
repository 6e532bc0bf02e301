//! A second opinion: the forward pass of WavLM in plain f32, written down from the canonical tensors as directly
//! as it can be. It shares no arithmetic with the runtime, so that an error would have to be made twice to pass.
//! Whole utterances, full attention matrices, every intermediate kept: it is made to be right, not to be small.

mod arithmetic;
mod encoder;
mod heads;
mod stem;

use std::iter;

use ndarray::{Array1, Array2, ArrayD, Axis};
use wavlm_format::Preprocessing;

use crate::canonical::CanonicalModel;

/// Evaluates a model on one utterance at a time.
#[derive(Clone, Copy, Debug)]
pub struct Oracle<'a> {
    model: &'a CanonicalModel,
}

/// Why an utterance has no outputs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OracleError {
    /// A convolution has fewer frames before it than taps.
    #[error("{samples} samples are too short for this model: {layer} has {frames} frames for {taps} taps")]
    TooShort {
        /// Length of the utterance.
        samples: usize,
        /// The convolution.
        layer: String,
        /// Frames it is given.
        frames: usize,
        /// Frames it needs.
        taps: usize,
    },
}

/// Everything the forward pass makes of one utterance, without batch dimension.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The stem's features after their layer norm (frames, channels).
    pub extract_features: ArrayD<f32>,
    /// Input of the first layer, then the output of each (frames, width).
    /// The last comes after the final layer norm in models that have one, as in transformers 4.
    pub hidden_states: Vec<ArrayD<f32>>,
    /// Weights of each layer's heads (heads, frames, frames).
    pub attentions: Vec<ArrayD<f32>>,
    /// The encoder's output, behind the adapter if there is one.
    pub last_hidden_state: ArrayD<f32>,
    /// What each head makes of it: head, output (`logits` or `embeddings`), values.
    pub heads: Vec<(String, &'static str, ArrayD<f32>)>,
}

impl Outputs {
    /// Every output but the attention weights: the head it is from, if any, the runtime's name for it, the values.
    pub fn tensors(&self) -> impl Iterator<Item = (Option<&str>, String, &ArrayD<f32>)> {
        let states = self.hidden_states.iter().enumerate();
        let states = states.map(|(i, state)| (None, format!("hidden_states.{i}"), state));
        let heads = self.heads.iter();
        let heads = heads.map(|(head, output, values)| (Some(head.as_str()), (*output).to_owned(), values));
        iter::once((None, "extract_features".to_owned(), &self.extract_features))
            .chain(states)
            .chain(iter::once((None, "last_hidden_state".to_owned(), &self.last_hidden_state)))
            .chain(heads)
    }
}

/// The utterance's length at every rate: all of it, and the part before the padding.
#[derive(Clone, Copy, Debug)]
struct Length {
    samples: usize,
    /// Samples before the padding, where an attention mask is given.
    valid: Option<usize>,
}

impl<'a> Oracle<'a> {
    /// An oracle for `model`.
    pub fn new(model: &'a CanonicalModel) -> Self {
        Self { model }
    }

    /// Evaluates samples in ±1 at 16 kHz. `valid` is what an attention mask would say: the samples before the padding.
    pub fn run(&self, waveform: &[f32], valid: Option<usize>) -> Result<Outputs, OracleError> {
        let length = Length { samples: waveform.len(), valid };
        let waveform = prepare(waveform, valid.unwrap_or(waveform.len()), self.model.preprocessing);
        let stem = self.stem(&waveform)?;
        let extract_features = self.norm(&stem, "projection.norm", self.model.encoder.layer_norm_eps);
        let projected = self.linear(&extract_features, "projection.linear");
        let valid_frames = valid.map(|valid| self.stem_frames(valid));
        let (hidden_states, attentions) = self.encoder(projected, valid_frames);
        let encoded = hidden_states.last().expect("a state before the first layer").clone();
        let last_hidden_state = self.adapter(encoded, length)?;
        let heads = self.heads(&hidden_states, &last_hidden_state, length)?;
        Ok(Outputs {
            extract_features: extract_features.into_dyn(),
            hidden_states: hidden_states.into_iter().map(Array2::into_dyn).collect(),
            attentions,
            last_hidden_state: last_hidden_state.into_dyn(),
            heads,
        })
    }
}

/// The waveform as the model was trained on it; padding stays zero.
fn prepare(waveform: &[f32], valid: usize, preprocessing: Preprocessing) -> Array2<f32> {
    let mut prepared = waveform.to_vec();
    let (speech, padding) = prepared.split_at_mut(valid);
    padding.fill(0.0);
    if preprocessing.normalize {
        let count = speech.len() as f64;
        let mean = speech.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = speech.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + 1e-7).sqrt();
        speech.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) * scale) as f32);
    }
    Array1::from_vec(prepared).insert_axis(Axis(1))
}
