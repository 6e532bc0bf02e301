//! Batches of unequal lengths: how many frames of each row are real, and the zeroing of the rest.

use tract_core::internal::*;
use wavlm_format::{AdapterConfig, ConvShape, TdnnShape};

use super::{Block, floats_mut, frames_of, lengths_of, owned};

/// Valid samples `(batch)` in, valid frames behind the stem, the adapter and the time-delay layers out; at least 0.
///
/// As in transformers' `_get_feat_extract_output_lengths` and `_get_tdnn_output_lengths`, the adapter counts with kernel
/// 1 and time-delay layers without their dilation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameLengths {
    pub stem: Vec<ConvShape>,
    pub adapter: Option<AdapterConfig>,
    pub tdnn: Vec<TdnnShape>,
}

impl Block for FrameLengths {
    const NAME: &'static str = "FrameLengths";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut lengths = owned(inputs.remove(0));
        for length in lengths.to_plain_array_view_mut::<i64>()?.iter_mut() {
            *length = self.behind((*length).max(0) as usize) as i64;
        }
        Ok(tvec!(lengths.into_tvalue()))
    }
}

impl FrameLengths {
    fn behind(&self, samples: usize) -> usize {
        let frames = self.stem.iter().try_fold(samples, |n, conv| conv.frames(n)).unwrap_or(0);
        let frames = self.adapter.map_or(frames, |adapter| adapter.valid_frames(frames));
        let undilated = |layer: &TdnnShape| TdnnShape { dilation: 1, ..*layer };
        self.tdnn.iter().try_fold(frames, |n, layer| undilated(layer).frames(n)).unwrap_or(0)
    }
}

/// Sets the frames behind each row's length to zero. Inputs: frames `(batch, frames, channels)`, lengths `(batch)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZeroPadding {
    pub channels: usize,
}

impl Block for ZeroPadding {
    const NAME: &'static str = "ZeroPadding";

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    fn eval(&self, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let x = inputs.remove(0);
        let (batch, frames) = frames_of(&x, self.channels)?;
        let lengths = lengths_of(inputs.first(), batch, frames)?;
        let mut x = owned(x);
        for (row, length) in floats_mut(&mut x)?.chunks_exact_mut(frames * self.channels).zip(lengths) {
            row[length * self.channels..].fill(0.0);
        }
        Ok(tvec!(x.into_tvalue()))
    }
}
