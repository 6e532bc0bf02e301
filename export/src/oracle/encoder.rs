//! Features to hidden states: positional convolution, transformer layers, adapter.

use ndarray::{Array2, Array3, ArrayD, Axis, s};

use super::arithmetic::{activate, convolve, pad, sigmoid, softmax_rows};
use super::layers::{Length, Oracle};
use crate::reference::ReferenceError;
use crate::relative_positions;

/// Epsilon of the adapter's layer norm: torch's default.
const ADAPTER_EPS: f32 = 1e-5;

impl Oracle<'_> {
    /// All hidden states and attention weights. Frames from `valid` on are padding.
    pub(super) fn encoder(
        &self,
        mut x: Array2<f32>,
        valid: Option<usize>,
    ) -> (Vec<Array2<f32>>, Vec<ArrayD<f32>>) {
        let encoder = &self.model.encoder;
        if let Some(valid) = valid {
            let valid = valid.min(x.nrows());
            x.slice_mut(s![valid.., ..]).fill(0.0);
        }
        x = &x + &self.positional(&x);
        let norm = |x: &Array2<f32>, name: &str| self.norm(x, name, encoder.layer_norm_eps);
        if !encoder.stable_layer_norm {
            x = norm(&x, "encoder_norm");
        }
        let (mut states, mut attentions) = (Vec::new(), Vec::new());
        for i in 0..encoder.num_layers {
            let name = format!("layers.{i}");
            let (attention_norm, final_norm) =
                (format!("{name}.attention_norm"), format!("{name}.final_norm"));
            states.push(x.clone());
            let weights;
            if encoder.stable_layer_norm {
                let (mixed, w) = self.attention(&norm(&x, &attention_norm), &name, valid);
                x += &mixed;
                x = &x + &self.feed_forward(&norm(&x, &final_norm), &name);
                weights = w;
            } else {
                let (mixed, w) = self.attention(&x, &name, valid);
                x = norm(&(x + mixed), &attention_norm);
                x = norm(&(&x + &self.feed_forward(&x, &name)), &final_norm);
                weights = w;
            }
            attentions.extend(weights.map(Array3::into_dyn));
        }
        if encoder.stable_layer_norm {
            x = norm(&x, "encoder_norm");
        }
        states.push(x);
        (states, attentions)
    }

    /// The grouped convolution that tells frames where they are.
    fn positional(&self, x: &Array2<f32>) -> Array2<f32> {
        let encoder = &self.model.encoder;
        let weight = self.model.tensors.groups("positional.weight");
        let width = weight.shape()[1];
        let padded = pad(x.view(), encoder.positional_kernel as usize / 2);
        let mut out = Array2::zeros(x.raw_dim());
        for (group, weight) in weight.outer_iter().enumerate() {
            let channels = group * width..(group + 1) * width;
            let convolved = convolve(padded.slice(s![.., channels.clone()]), weight, 1, 1);
            // An even kernel makes one frame more than it was given.
            out.slice_mut(s![.., channels]).assign(&convolved.slice(s![..x.nrows(), ..]));
        }
        out += &self.model.tensors.vector("positional.bias");
        activate(encoder.stem_activation, &mut out);
        out
    }

    /// The bias of one head's scores before its gate, by distance: from the last frame's to the first, to the first's to
    /// the last.
    fn position_bias(&self, frames: usize, head: usize) -> Vec<f32> {
        let encoder = &self.model.encoder;
        let table = self.model.tensors.get("position_bias").expect("layer 0 has one");
        let (first, last) = (1 - frames as i64, frames as i64 - 1);
        let of = |distance| {
            table[[
                relative_positions::bucket(distance, encoder.num_buckets, encoder.max_bucket_distance),
                head,
            ]]
        };
        (first..=last).map(of).collect()
    }

    fn attention(
        &self,
        x: &Array2<f32>,
        layer: &str,
        valid: Option<usize>,
    ) -> (Array2<f32>, Option<Array3<f32>>) {
        let (frames, hidden, heads) = (x.nrows(), x.ncols(), self.model.encoder.num_heads as usize);
        let head_dim = hidden / heads;
        let scaling = 1.0 / (head_dim as f32).sqrt();
        let qkv = self.linear(x, &format!("{layer}.attention.qkv"));
        let part = |part: usize, head: usize| {
            let first = part * hidden + head * head_dim;
            qkv.slice(s![.., first..first + head_dim])
        };
        let factors = self.model.tensors.vector(&format!("{layer}.attention.gate.const"));
        let mut mixed = Array2::zeros(x.raw_dim());
        let mut kept = self.keep_attentions.then(|| Array3::zeros((heads, frames, frames)));
        for head in 0..heads {
            let own = s![.., head * head_dim..(head + 1) * head_dim];
            let mut scores = (&part(0, head) * scaling).dot(&part(1, head).t());
            let position_bias = self.position_bias(frames, head);
            let gates = self.linear(&x.slice(own).to_owned(), &format!("{layer}.attention.gate"));
            for (query, mut row) in scores.rows_mut().into_iter().enumerate() {
                let sum = |range: std::ops::Range<usize>| {
                    sigmoid(gates.slice(s![query, range]).iter().map(|&g| f64::from(g)).sum())
                };
                let (a, b) = (sum(0..4), sum(4..8));
                let gate = (a * (b * f64::from(factors[head]) - 1.0) + 2.0) as f32;
                let bias = &position_bias[frames - 1 - query..];
                row.iter_mut().zip(bias).for_each(|(score, &bias)| *score += gate * bias);
                if let Some(valid) = valid {
                    row.iter_mut().skip(valid).for_each(|score| *score = f32::NEG_INFINITY);
                }
            }
            softmax_rows(&mut scores);
            mixed.slice_mut(own).assign(&scores.dot(&part(2, head)));
            if let Some(kept) = &mut kept {
                kept.index_axis_mut(Axis(0), head).assign(&scores);
            }
        }
        (self.linear(&mixed, &format!("{layer}.attention.out")), kept)
    }

    fn feed_forward(&self, x: &Array2<f32>, layer: &str) -> Array2<f32> {
        let mut inner = self.linear(x, &format!("{layer}.feed_forward.up"));
        activate(self.model.encoder.hidden_activation, &mut inner);
        self.linear(&inner, &format!("{layer}.feed_forward.down"))
    }

    /// The convolutions behind the encoder; the identity if the model has none.
    pub(super) fn adapter(&self, mut x: Array2<f32>, length: Length) -> Result<Array2<f32>, ReferenceError> {
        let Some(adapter) = &self.model.encoder.adapter else { return Ok(x) };
        let width = adapter.output_hidden_size as usize;
        if width != x.ncols() {
            x = self.norm(&self.linear(&x, "adapter.projection"), "adapter.norm", ADAPTER_EPS);
        }
        for i in 0..adapter.num_layers {
            let (padded, taps) = (pad(x.view(), 1), adapter.kernel as usize);
            if padded.nrows() < taps {
                let (samples, frames) = (length.samples, x.nrows());
                return Err(ReferenceError::TooShort {
                    samples,
                    layer: format!("adapter.{i}"),
                    frames,
                    taps,
                });
            }
            let both = self.convolution(&padded, &format!("adapter.{i}.conv"), adapter.stride as usize);
            let (values, gates) = both.view().split_at(Axis(1), width);
            x = &values * &gates.mapv(|gate| sigmoid(f64::from(gate)) as f32);
        }
        Ok(x)
    }
}
