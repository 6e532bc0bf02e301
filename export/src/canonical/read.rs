//! transformers' names and layouts brought into the canonical form.
//!
//! Rows of a matrix are output channels. Along the columns of a convolution the tap is slow and the channel fast,
//! as a time-major window of frames lies in memory. Weight norm is folded; query, key and value are stacked.

use ndarray::{Array3, ArrayD, Axis, Ix3, concatenate};
use wavlm_format::{AdapterConfig, EncoderConfig, Head, HeadKind, StemNorm, TdnnShape};

use super::{CanonicalError, CanonicalModel, CanonicalTensors, Shape, Storage};
use crate::checkpoint::{Checkpoint, NamedTensors};

/// Parts of a checkpoint that training needs and the forward pass does not.
const TRAINING_ONLY: [&str; 5] =
    ["masked_spec_embed", "objective.", "quantizer.", "project_hid.", "project_q."];

impl CanonicalModel {
    /// The checkpoint's model; its head, if it has one, under `name`, or without one after its kind.
    /// Also the names of tensors that were not understood and are left out.
    pub fn from_checkpoint(
        checkpoint: Checkpoint,
        name: Option<&str>,
    ) -> Result<(Self, Vec<String>), CanonicalError> {
        let Checkpoint { encoder, conv_bias, mut head, preprocessing, tensors } = checkpoint;
        if let (Some(head), Some(name)) = (&mut head, name) {
            name.clone_into(&mut head.name);
        }
        let mut reader = Reader::new(tensors);
        reader.stem(&encoder, conv_bias)?;
        reader.projection(&encoder)?;
        reader.positional(&encoder)?;
        reader.layers(&encoder)?;
        if let Some(adapter) = &encoder.adapter {
            reader.adapter(&encoder, adapter)?;
        }
        if let Some(head) = &head {
            reader.head(&encoder, head)?;
        }
        let (tensors, unknown) = reader.finish();
        Ok((Self { encoder, heads: head.into_iter().collect(), preprocessing, tensors }, unknown))
    }
}

struct Reader {
    source: NamedTensors,
    /// What stands before the names of the encoder: `wavlm.` in checkpoints with a head.
    prefix: &'static str,
    model: CanonicalTensors,
}

impl Reader {
    fn new(source: NamedTensors) -> Self {
        let prefixed = source.floats.keys().any(|name| name.starts_with("wavlm."));
        Self { source, prefix: if prefixed { "wavlm." } else { "" }, model: CanonicalTensors::default() }
    }

    fn finish(self) -> (CanonicalTensors, Vec<String>) {
        let training_only = |name: &String| {
            let name = name.strip_prefix(self.prefix).unwrap_or(name);
            TRAINING_ONLY.iter().any(|start| name.starts_with(start))
        };
        let left = self.source.floats.into_keys().chain(self.source.others.into_keys());
        (self.model, left.filter(|name| !training_only(name)).collect())
    }

    fn stem(&mut self, encoder: &EncoderConfig, conv_bias: bool) -> Result<(), CanonicalError> {
        let mut channels = 1;
        for (i, conv) in encoder.stem.iter().enumerate() {
            let [dim, kernel] = [conv.dim, conv.kernel].map(|size| size as usize);
            let from = format!("{}feature_extractor.conv_layers.{i}", self.prefix);
            let weight = self.take(&format!("{from}.conv.weight"), &[dim, channels, kernel])?;
            let storage = if i == 0 { Storage::ExactMatrix } else { Storage::Matrix };
            let name = format!("stem.{i}.conv.weight");
            self.model.push_matrix(name, storage, tap_slow(weight, 1));
            if conv_bias {
                self.dense(&format!("{from}.conv.bias"), &[dim], format!("stem.{i}.conv.bias"))?;
            }
            if i == 0 || encoder.stem_norm == StemNorm::Layer {
                self.norm(&format!("{from}.layer_norm"), dim, &format!("stem.{i}.norm"))?;
            }
            channels = dim;
        }
        Ok(())
    }

    fn projection(&mut self, encoder: &EncoderConfig) -> Result<(), CanonicalError> {
        let channels = encoder.stem.last().map_or(1, |conv| conv.dim as usize);
        let from = format!("{}feature_projection", self.prefix);
        self.norm(&format!("{from}.layer_norm"), channels, "projection.norm")?;
        let shape = [encoder.hidden_size as usize, channels];
        self.linear(&format!("{from}.projection"), shape, "projection.linear")
    }

    /// The positional convolution; its weight norm spelt as today, as before torch 2.1, or removed.
    fn positional(&mut self, encoder: &EncoderConfig) -> Result<(), CanonicalError> {
        let [hidden, groups, kernel] =
            [encoder.hidden_size, encoder.positional_groups, encoder.positional_kernel].map(|n| n as usize);
        let shape = [hidden, hidden / groups, kernel];
        let from = format!("{}encoder.pos_conv_embed.conv", self.prefix);
        let old = format!("{from}.weight_v");
        let removed = format!("{from}.weight");
        let weight = if self.source.floats.contains_key(&removed) {
            self.take(&removed, &shape)?
        } else {
            let [magnitude, direction] = if self.source.floats.contains_key(&old) {
                [format!("{from}.weight_g"), old]
            } else {
                ["original0", "original1"].map(|part| format!("{from}.parametrizations.weight.{part}"))
            };
            let magnitude = self.take(&magnitude, &[1, 1, kernel])?;
            fold_weight_norm(&magnitude, self.take(&direction, &shape)?)
                .ok_or(CanonicalError::NonFinite { tensor: direction })?
        };
        self.model.push_matrix("positional.weight".to_owned(), Storage::Matrix, tap_slow(weight, groups));
        self.dense(&format!("{from}.bias"), &[hidden], "positional.bias".to_owned())
    }

    fn layers(&mut self, encoder: &EncoderConfig) -> Result<(), CanonicalError> {
        let [hidden, heads, intermediate, buckets] =
            [encoder.hidden_size, encoder.num_heads, encoder.intermediate_size, encoder.num_buckets]
                .map(|size| size as usize);
        let from = format!("{}encoder", self.prefix);
        self.norm(&format!("{from}.layer_norm"), hidden, "encoder_norm")?;
        let position_bias = format!("{from}.layers.0.attention.rel_attn_embed.weight");
        self.dense(&position_bias, &[buckets, heads], "position_bias".to_owned())?;
        for i in 0..encoder.num_layers {
            let (from, to) = (format!("{from}.layers.{i}"), format!("layers.{i}"));
            self.qkv(&format!("{from}.attention"), hidden, &format!("{to}.attention.qkv"))?;
            let out = format!("{to}.attention.out");
            self.linear(&format!("{from}.attention.out_proj"), [hidden, hidden], &out)?;
            self.gate(&format!("{from}.attention"), heads, hidden / heads, &format!("{to}.attention.gate"))?;
            self.norm(&format!("{from}.layer_norm"), hidden, &format!("{to}.attention_norm"))?;
            let (up, down) = ([intermediate, hidden], [hidden, intermediate]);
            let from_up = format!("{from}.feed_forward.intermediate_dense");
            self.linear(&from_up, up, &format!("{to}.feed_forward.up"))?;
            let from_down = format!("{from}.feed_forward.output_dense");
            self.linear(&from_down, down, &format!("{to}.feed_forward.down"))?;
            self.norm(&format!("{from}.final_layer_norm"), hidden, &format!("{to}.final_norm"))?;
        }
        Ok(())
    }

    /// Query, key and value as one matrix of three times as many rows.
    fn qkv(&mut self, from: &str, hidden: usize, to: &str) -> Result<(), CanonicalError> {
        for (part, shape, storage) in
            [("weight", &[hidden, hidden][..], Storage::Matrix), ("bias", &[hidden][..], Storage::Dense)]
        {
            let [q, k, v] = ["q", "k", "v"].map(|p| self.take(&format!("{from}.{p}_proj.{part}"), shape));
            let [q, k, v] = [q?, k?, v?];
            let mut stacked = concatenate![Axis(0), q, k, v];
            if storage == Storage::Matrix {
                stacked.insert_axis_inplace(Axis(0));
            }
            self.model.push(format!("{to}.{part}"), storage, stacked);
        }
        Ok(())
    }

    /// The gate of the position bias: one small linear shared by all heads, and a factor per head.
    fn gate(&mut self, from: &str, heads: usize, head_dim: usize, to: &str) -> Result<(), CanonicalError> {
        let weight = self.take(&format!("{from}.gru_rel_pos_linear.weight"), &[8, head_dim])?;
        self.model.push(format!("{to}.weight"), Storage::ExactMatrix, weight.insert_axis(Axis(0)));
        self.dense(&format!("{from}.gru_rel_pos_linear.bias"), &[8], format!("{to}.bias"))?;
        let factors = self.take(&format!("{from}.gru_rel_pos_const"), &[1, heads, 1, 1])?;
        self.model.push_dense(format!("{to}.const"), factors.flatten().into_owned().into_dyn());
        Ok(())
    }

    fn adapter(&mut self, encoder: &EncoderConfig, adapter: &AdapterConfig) -> Result<(), CanonicalError> {
        let [hidden, width, kernel] =
            [encoder.hidden_size, adapter.output_hidden_size, adapter.kernel].map(|size| size as usize);
        let from = format!("{}adapter", self.prefix);
        if width != hidden {
            self.linear(&format!("{from}.proj"), [width, hidden], "adapter.projection")?;
            self.norm(&format!("{from}.proj_layer_norm"), width, "adapter.norm")?;
        }
        for i in 0..adapter.num_layers {
            let from = format!("{from}.layers.{i}.conv");
            let weight = self.take(&format!("{from}.weight"), &[2 * width, width, kernel])?;
            self.model.push_matrix(format!("adapter.{i}.conv.weight"), Storage::Matrix, tap_slow(weight, 1));
            self.dense(&format!("{from}.bias"), &[2 * width], format!("adapter.{i}.conv.bias"))?;
        }
        Ok(())
    }

    fn head(&mut self, encoder: &EncoderConfig, head: &Head) -> Result<(), CanonicalError> {
        let hidden = encoder.hidden_size as usize;
        let to = format!("heads.{}", head.name);
        if head.weighted_layer_sum {
            let states = encoder.num_layers as usize + 1;
            self.dense("layer_weights", &[states], format!("{to}.layer_weights"))?;
        }
        match &head.kind {
            HeadKind::Ctc { vocabulary, .. } => {
                let width = encoder.adapter.map_or(hidden, |adapter| adapter.output_hidden_size as usize);
                self.linear("lm_head", [vocabulary.len(), width], &format!("{to}.output"))
            }
            HeadKind::Sequence { labels, projection } => {
                let projection = *projection as usize;
                self.linear("projector", [projection, hidden], &format!("{to}.projector"))?;
                self.linear("classifier", [labels.len(), projection], &format!("{to}.classifier"))
            }
            HeadKind::Frame { labels } => {
                self.linear("classifier", [labels.len(), hidden], &format!("{to}.classifier"))
            }
            HeadKind::XVector { tdnn, embedding, .. } => self.xvector(hidden, tdnn, *embedding as usize, &to),
        }
    }

    fn xvector(
        &mut self,
        hidden: usize,
        tdnn: &[TdnnShape],
        embedding: usize,
        to: &str,
    ) -> Result<(), CanonicalError> {
        // The first layer has as many inputs as outputs.
        let mut channels = tdnn.first().map_or(0, |layer| layer.dim as usize);
        self.linear("projector", [channels, hidden], &format!("{to}.projector"))?;
        for (i, layer) in tdnn.iter().enumerate() {
            let [dim, kernel] = [layer.dim, layer.kernel].map(|size| size as usize);
            // transformers keeps this convolution as a linear, its taps slow already.
            self.linear(&format!("tdnn.{i}.kernel"), [dim, kernel * channels], &format!("{to}.tdnn.{i}"))?;
            channels = dim;
        }
        self.linear("feature_extractor", [embedding, 2 * channels], &format!("{to}.embedding"))?;
        self.linear("classifier", [embedding, embedding], &format!("{to}.classifier"))
    }

    fn linear(&mut self, from: &str, shape: [usize; 2], to: &str) -> Result<(), CanonicalError> {
        let weight = self.take(&format!("{from}.weight"), &shape)?;
        self.model.push(format!("{to}.weight"), Storage::Matrix, weight.insert_axis(Axis(0)));
        self.dense(&format!("{from}.bias"), &shape[..1], format!("{to}.bias"))
    }

    fn norm(&mut self, from: &str, width: usize, to: &str) -> Result<(), CanonicalError> {
        self.dense(&format!("{from}.weight"), &[width], format!("{to}.weight"))?;
        self.dense(&format!("{from}.bias"), &[width], format!("{to}.bias"))
    }

    fn dense(&mut self, from: &str, shape: &[usize], to: String) -> Result<(), CanonicalError> {
        let values = self.take(from, shape)?;
        self.model.push_dense(to, values);
        Ok(())
    }

    /// Moves a tensor out of the checkpoint, once its shape and values are found good.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<ArrayD<f32>, CanonicalError> {
        let tensor = || name.to_owned();
        let expected = || Shape(shape.to_vec());
        let Some(values) = self.source.floats.remove(name) else {
            return Err(match self.source.others.get(name) {
                Some(found) => CanonicalError::Type { tensor: tensor(), found: found.clone() },
                None => CanonicalError::Missing { tensor: tensor(), expected: expected() },
            });
        };
        if values.shape() != shape {
            let found = Shape(values.shape().to_vec());
            return Err(CanonicalError::Shape { tensor: tensor(), expected: expected(), found });
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(CanonicalError::NonFinite { tensor: tensor() });
        }
        Ok(values)
    }
}

/// A convolution's weight (out, in, taps) as `[groups, out / groups, taps * in]`.
fn tap_slow(weight: ArrayD<f32>, groups: usize) -> Array3<f32> {
    let (rows, columns) = (weight.shape()[0] / groups, weight.shape()[1] * weight.shape()[2]);
    let tap_slow = weight.permuted_axes(vec![0, 2, 1]);
    let values = tap_slow.iter().copied().collect();
    Array3::from_shape_vec((groups, rows, columns), values).expect("as many values as before")
}

/// Weight norm: per tap a magnitude, and a direction whose length over (out, in) does not matter.
/// `None` if a direction has no length.
fn fold_weight_norm(magnitude: &ArrayD<f32>, direction: ArrayD<f32>) -> Option<ArrayD<f32>> {
    let mut weight = direction.into_dimensionality::<Ix3>().ok()?;
    for (mut tap, &magnitude) in weight.axis_iter_mut(Axis(2)).zip(magnitude) {
        let length = tap.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        let scale = (f64::from(magnitude) / length) as f32;
        if !scale.is_finite() {
            return None;
        }
        tap *= scale;
    }
    Some(weight.into_dyn())
}
