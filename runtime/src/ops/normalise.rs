//! Waveform normalisation, as `Wav2Vec2FeatureExtractor` does it when `do_normalize` is set.

use tract_core::internal::*;

use super::{Block, floats_mut, lengths_of, owned};

/// Added to the variance before the root, as in the feature extractor.
const EPSILON: f64 = 1e-7;

/// `(x - mean) / sqrt(variance + 1e-7)` per batch row, with population variance; padding becomes zero.
///
/// Inputs: waveform `(batch, samples)`, optionally valid samples `(batch)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Normalise;

impl Block for Normalise {
    const NAME: &'static str = "Normalise";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let waveform = inputs.remove(0);
        let &[batch, samples] = waveform.shape() else { bail!("expected (batch, samples)") };
        let lengths = lengths_of(inputs.first(), batch, samples)?;
        let mut waveform = owned(waveform);
        for (row, length) in floats_mut(&mut waveform)?.chunks_exact_mut(samples).zip(lengths) {
            let (valid, padding) = row.split_at_mut(length);
            let mean = valid.iter().map(|&x| f64::from(x)).sum::<f64>() / length as f64;
            let variance = valid.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / length as f64;
            let scale = 1.0 / (variance + EPSILON).sqrt();
            valid.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) * scale) as f32);
            padding.fill(0.0);
        }
        Ok(tvec!(waveform.into_tvalue()))
    }
}
