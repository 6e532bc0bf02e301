//! Features to hidden states: positional convolution, transformer layers, adapter.

use ndarray::{Array2, Array3, ArrayD, Axis, s};
use wavlm_format::LayerShape;

use super::arithmetic::{activate, convolve, pad, sigmoid, softmax_rows};
use super::layers::{Length, Oracle};
use crate::reference::ReferenceError;
use crate::relative_positions;

/// Epsilon of the adapter's layer norm: torch's default.
const ADAPTER_EPS: f32 = 1e-5;

/// What the encoder gives.
pub(super) struct Encoded {
    /// All hidden states.
    pub states: Vec<Array2<f32>>,
    /// Attention weights by their names, if they are kept.
    pub attentions: Vec<(String, ArrayD<f32>)>,
}

/// What the attention of a layer reads: (frames, heads that it has · head_dim) each, and a gate for each of its heads.
#[derive(Clone, Debug)]
struct Operands {
    queries: Array2<f32>,
    keys: Array2<f32>,
    values: Array2<f32>,
    gates: Array2<f32>,
}

impl Oracle<'_> {
    /// All hidden states and attention weights. Frames from `valid` on are padding.
    pub(super) fn encoder(&self, mut x: Array2<f32>, valid: Option<usize>) -> Encoded {
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
        let (mut states, mut attentions, mut operands) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..encoder.num_layers as usize {
            let shape = encoder.layer(i);
            let name = |part: &str| format!("layers.{i}.{part}");
            let (attention_norm, final_norm) = (name("attention_norm"), name("final_norm"));
            states.push(x.clone());
            let mut own = None;
            if !shape.heads.is_empty() {
                let attention = name("attention");
                let read = if encoder.stable_layer_norm { norm(&x, &attention_norm) } else { x.clone() };
                let used = self.operands(&read, &attention, &shape, &operands);
                let (mixed, weights) = self.attention(&used, &attention, &shape, valid);
                x += &mixed;
                attentions.extend(weights.map(|weights| (format!("attentions.{i}"), weights.into_dyn())));
                own = Some(used);
            }
            operands.push(own);
            if !encoder.stable_layer_norm {
                x = norm(&x, &attention_norm);
            }
            if shape.intermediate_size > 0 {
                let read = if encoder.stable_layer_norm { norm(&x, &final_norm) } else { x.clone() };
                x += &self.feed_forward(&read, &format!("layers.{i}"));
            }
            if !encoder.stable_layer_norm {
                x = norm(&x, &final_norm);
            }
        }
        if encoder.stable_layer_norm {
            x = norm(&x, "encoder_norm");
        }
        states.push(x);
        Encoded { states, attentions }
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

    /// What a layer attends with: of its own, or of an earlier layer with other values.
    fn operands(
        &self,
        x: &Array2<f32>,
        layer: &str,
        shape: &LayerShape,
        earlier: &[Option<Operands>],
    ) -> Operands {
        if let Some(of) = shape.attention_of {
            let of = earlier[of as usize].as_ref().expect("the layer that lends its attention has one");
            return Operands { values: self.linear(x, &format!("{layer}.value")), ..of.clone() };
        }
        let (head_dim, kept) =
            (self.model.encoder.head_dim(), shape.heads.len() * self.model.encoder.head_dim());
        let qkv = self.linear(x, &format!("{layer}.qkv"));
        let part = |part: usize| qkv.slice(s![.., part * kept..(part + 1) * kept]).to_owned();
        let factors = self.model.tensors.vector(&format!("{layer}.gate.const"));
        let mut gates = Array2::zeros((x.nrows(), shape.heads.len()));
        for (head, (&of_all, factor)) in shape.heads.iter().zip(factors).enumerate() {
            let of_all = of_all as usize;
            let own = x.slice(s![.., of_all * head_dim..(of_all + 1) * head_dim]).to_owned();
            let pairs = self.linear(&own, &format!("{layer}.gate"));
            for (query, gate) in gates.column_mut(head).iter_mut().enumerate() {
                let sum = |range: std::ops::Range<usize>| {
                    sigmoid(pairs.slice(s![query, range]).iter().map(|&g| f64::from(g)).sum())
                };
                let (a, b) = (sum(0..4), sum(4..8));
                *gate = (a * (b * f64::from(*factor) - 1.0) + 2.0) as f32;
            }
        }
        Operands { queries: part(0), keys: part(1), values: part(2), gates }
    }

    fn attention(
        &self,
        operands: &Operands,
        layer: &str,
        shape: &LayerShape,
        valid: Option<usize>,
    ) -> (Array2<f32>, Option<Array3<f32>>) {
        let Operands { queries, keys, values, gates } = operands;
        let (frames, head_dim) = (queries.nrows(), self.model.encoder.head_dim());
        let scaling = 1.0 / (head_dim as f32).sqrt();
        let mut mixed = Array2::zeros(queries.raw_dim());
        let mut kept = self.keep_attentions.then(|| Array3::zeros((shape.heads.len(), frames, frames)));
        for (head, &of_all) in shape.heads.iter().enumerate() {
            let own = s![.., head * head_dim..(head + 1) * head_dim];
            let mut scores = (&queries.slice(own) * scaling).dot(&keys.slice(own).t());
            let position_bias = self.position_bias(frames, of_all as usize);
            for (query, mut row) in scores.rows_mut().into_iter().enumerate() {
                let gate = gates[[query, head]];
                let bias = &position_bias[frames - 1 - query..];
                row.iter_mut().zip(bias).for_each(|(score, &bias)| *score += gate * bias);
                if let Some(valid) = valid {
                    row.iter_mut().skip(valid).for_each(|score| *score = f32::NEG_INFINITY);
                }
            }
            softmax_rows(&mut scores);
            mixed.slice_mut(own).assign(&scores.dot(&values.slice(own)));
            if let Some(kept) = &mut kept {
                kept.index_axis_mut(Axis(0), head).assign(&scores);
            }
        }
        (self.linear(&mixed, &format!("{layer}.out")), kept)
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
