//! One utterance through the whole model.

use ndarray::{Array1, Array2, ArrayD, Axis};
use wavlm_format::Preprocessing;

use super::encoder::Encoded;
use super::layers::{Length, Oracle};
use crate::reference::{Output, Reference, ReferenceError};

/// Everything the forward pass makes of one utterance, without batch dimension.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The stem's features after their layer norm (frames, channels).
    pub extract_features: ArrayD<f32>,
    /// Input of the first layer, then the output of each (frames, width).
    /// The last comes after the final layer norm in models that have one, as in transformers 4.
    pub hidden_states: Vec<ArrayD<f32>>,
    /// Weights of each layer's heads (heads, frames, frames), by their names; none unless they are asked for.
    pub attentions: Vec<(String, ArrayD<f32>)>,
    /// The encoder's output, behind the adapter if there is one.
    pub last_hidden_state: ArrayD<f32>,
    /// What each head makes of it: head, output (`logits` or `embeddings`), values.
    pub heads: Vec<(String, &'static str, ArrayD<f32>)>,
}

impl Outputs {
    /// Every output but the attention weights.
    pub fn into_tensors(self) -> Vec<Output> {
        let of_encoder = |name: String, values| Output { head: None, name, values };
        let mut tensors = vec![of_encoder("extract_features".to_owned(), self.extract_features)];
        let states = self.hidden_states.into_iter().enumerate();
        tensors.extend(states.map(|(i, state)| of_encoder(format!("hidden_states.{i}"), state)));
        tensors.push(of_encoder("last_hidden_state".to_owned(), self.last_hidden_state));
        let of_head = |(head, name, values): (String, &str, _)| Output {
            head: Some(head),
            name: name.to_owned(),
            values,
        };
        tensors.extend(self.heads.into_iter().map(of_head));
        tensors
    }
}

impl Reference for Oracle<'_> {
    fn outputs(&self, samples: &[f32]) -> Result<Vec<Output>, ReferenceError> {
        Ok(self.run(samples, None)?.into_tensors())
    }
}

impl Oracle<'_> {
    /// Evaluates samples in ±1 at 16 kHz. `valid` is what an attention mask would say: the samples before the padding.
    pub fn run(&self, waveform: &[f32], valid: Option<usize>) -> Result<Outputs, ReferenceError> {
        let length = Length { samples: waveform.len(), valid };
        let waveform = prepare(waveform, valid.unwrap_or(waveform.len()), self.model.preprocessing);
        let stem = self.stem(&waveform)?;
        let stem = match self.model.tensors.get("projection.scale") {
            Some(_) => stem * self.model.tensors.vector("projection.scale"),
            None => stem,
        };
        let extract_features = self.norm(&stem, "projection.norm", self.model.encoder.layer_norm_eps);
        let projected = self.linear(&extract_features, "projection.linear");
        let valid_frames = valid.map(|valid| self.stem_frames(valid));
        let Encoded { states: hidden_states, attentions } = self.encoder(projected, valid_frames);
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
pub(crate) fn prepare(waveform: &[f32], valid: usize, preprocessing: Preprocessing) -> Array2<f32> {
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
