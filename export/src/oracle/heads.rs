//! Hidden states to answers.

use ndarray::{Array1, Array2, ArrayD, Axis, concatenate, s};
use wavlm_format::{Activation, Head, HeadKind, TdnnShape};

use super::arithmetic::{activate, convolve, softmax_rows};
use super::layers::{Length, Oracle};
use crate::reference::ReferenceError;

type HeadOutputs = Vec<(String, &'static str, ArrayD<f32>)>;

impl Oracle<'_> {
    /// What every head makes of the utterance.
    pub(super) fn heads(
        &self,
        hidden_states: &[Array2<f32>],
        last_hidden_state: &Array2<f32>,
        length: Length,
    ) -> Result<HeadOutputs, ReferenceError> {
        let mut outputs = HeadOutputs::new();
        for head in &self.model.heads {
            let x = if head.weighted_layer_sum {
                self.layer_sum(head, hidden_states)
            } else {
                last_hidden_state.clone()
            };
            let mut output = |name, values| outputs.push((head.name.clone(), name, values));
            match &head.kind {
                HeadKind::Ctc { .. } => output("logits", self.head_linear(&x, head, "output").into_dyn()),
                HeadKind::Frame { .. } => {
                    output("logits", self.head_linear(&x, head, "classifier").into_dyn());
                }
                HeadKind::Sequence { .. } => {
                    let projected = self.head_linear(&x, head, "projector");
                    let valid = length.valid.map_or(x.nrows(), |valid| self.valid_frames(valid));
                    let pooled = mean(&projected, valid.min(x.nrows())).insert_axis(Axis(0));
                    output("logits", without_rows(self.head_linear(&pooled, head, "classifier")));
                }
                HeadKind::XVector { tdnn, .. } => {
                    let statistics = self.tdnn_statistics(&x, head, tdnn, length)?;
                    let embedding = self.head_linear(&statistics, head, "embedding");
                    output("logits", without_rows(self.head_linear(&embedding, head, "classifier")));
                    output("embeddings", without_rows(embedding));
                }
            }
        }
        Ok(outputs)
    }

    fn head_linear(&self, x: &Array2<f32>, head: &Head, layer: &str) -> Array2<f32> {
        self.linear(x, &format!("heads.{}.{layer}", head.name))
    }

    /// The learned mix of all hidden states.
    fn layer_sum(&self, head: &Head, hidden_states: &[Array2<f32>]) -> Array2<f32> {
        let raw = self.model.tensors.vector(&format!("heads.{}.layer_weights", head.name));
        let mut weights = raw.to_owned().insert_axis(Axis(0));
        softmax_rows(&mut weights);
        let mut sum = Array2::zeros(hidden_states[0].raw_dim());
        for (state, &weight) in hidden_states.iter().zip(&weights) {
            sum.scaled_add(weight, state);
        }
        sum
    }

    /// Mean and unbiased standard deviation over time, side by side (1, 2 · channels).
    fn tdnn_statistics(
        &self,
        x: &Array2<f32>,
        head: &Head,
        tdnn: &[TdnnShape],
        length: Length,
    ) -> Result<Array2<f32>, ReferenceError> {
        let mut x = self.head_linear(x, head, "projector");
        for (i, layer) in tdnn.iter().enumerate() {
            let name = format!("heads.{}.tdnn.{i}", head.name);
            let [taps, dilation] = [layer.kernel, layer.dilation].map(|size| size as usize);
            let (frames, needed) = (x.nrows(), (taps - 1) * dilation + 1);
            if frames < needed {
                return Err(ReferenceError::TooShort {
                    samples: length.samples,
                    layer: name,
                    frames,
                    taps: needed,
                });
            }
            x = convolve(x.view(), self.model.tensors.matrix(&format!("{name}.weight")), 1, dilation);
            x += &self.model.tensors.vector(&format!("{name}.bias"));
            activate(Activation::Relu, &mut x);
        }
        // With a mask transformers counts the kernels of the TDNN, but not their dilation, and cuts at the end.
        let valid = length.valid.map_or(x.nrows(), |valid| {
            let context: usize = tdnn.iter().map(|layer| layer.kernel as usize - 1).sum();
            self.valid_frames(valid).saturating_sub(context).min(x.nrows())
        });
        let mean = mean(&x, valid);
        let squares =
            x.slice(s![..valid, ..]).outer_iter().fold(Array1::<f64>::zeros(x.ncols()), |sum, frame| {
                sum + (&frame - &mean).mapv(|d| f64::from(d) * f64::from(d))
            });
        let deviation = squares.mapv(|sum| (sum / (valid as f64 - 1.0)).sqrt() as f32);
        Ok(concatenate![Axis(0), mean, deviation].insert_axis(Axis(0)))
    }

    /// Frames before the padding at the encoder's end, as transformers counts them: through the stem, and through
    /// the adapter's strides even where the head does not read the adapter's output.
    fn valid_frames(&self, valid_samples: usize) -> usize {
        let frames = self.stem_frames(valid_samples);
        self.model.encoder.adapter.map_or(frames, |adapter| {
            (0..adapter.num_layers).fold(frames, |frames, _| frames.div_ceil(adapter.stride as usize))
        })
    }
}

/// Mean of the first `count` frames.
fn mean(x: &Array2<f32>, count: usize) -> Array1<f32> {
    let sum = x
        .slice(s![..count, ..])
        .outer_iter()
        .fold(Array1::<f64>::zeros(x.ncols()), |sum, frame| sum + frame.mapv(f64::from));
    sum.mapv(|sum| (sum / count as f64) as f32)
}

/// The only row.
fn without_rows(x: Array2<f32>) -> ArrayD<f32> {
    x.index_axis_move(Axis(0), 0).into_dyn()
}
