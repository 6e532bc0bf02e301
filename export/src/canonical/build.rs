//! A checkpoint's tensors brought into the canonical form: checked, folded, stacked.
//!
//! Rows of a matrix are output channels. Along the columns of a convolution the tap is slow and the channel fast,
//! as a time-major window of frames lies in memory. Weight norm is folded; query, key and value are stacked. What each
//! canonical tensor is called, is for and has for a shape is the schema's to say, against which the result is held.

use std::collections::HashMap;

use ndarray::{Array3, ArrayD, Axis, Ix3, concatenate};
use wavlm_format::{
    AdapterConfig, EncoderConfig, Head, HeadKind, LayerShape, Schema, StemNorm, TdnnShape, TensorSpec,
};

use super::error::{CanonicalError, Shape};
use super::model::CanonicalModel;
use super::tensors::CanonicalTensors;
use crate::checkpoint::{Checkpoint, HeadCheckpoint, NamedTensors, names};

/// Largest difference, relative to the largest weight, between two spellings of one weight that are the same.
const SAME_WEIGHT: f32 = 1e-6;

impl CanonicalModel {
    /// The checkpoint's model; its head, if it has one, under `name`, or without one after its kind.
    ///
    /// # Errors
    /// A tensor is missing, has another shape, is not finite, or is there and not read although it would change the
    /// answers.
    pub fn from_checkpoint(checkpoint: Checkpoint, name: Option<&str>) -> Result<Self, CanonicalError> {
        let Checkpoint { encoder, conv_bias, mut head, other_heads_unwanted, preprocessing, tensors, .. } =
            checkpoint;
        if let (Some(head), Some(name)) = (&mut head, name) {
            name.clone_into(&mut head.name);
        }
        let heads: Vec<Head> = head.into_iter().collect();
        let schema = Schema::new(&encoder, &heads, conv_bias)?;
        let mut builder = Builder { source: tensors, built: HashMap::new() };
        builder.stem(&encoder, conv_bias)?;
        builder.projection(&encoder)?;
        builder.positional(&encoder)?;
        builder.layers(&encoder)?;
        if let Some(adapter) = &encoder.adapter {
            builder.adapter(&encoder, adapter)?;
        }
        for head in &heads {
            builder.head(&encoder, head)?;
        }
        builder.check_rest(other_heads_unwanted)?;
        let tensors = builder.in_order_of(schema.tensors().iter());
        Ok(Self { encoder, heads, preprocessing, tensors })
    }

    /// A head alone, over an encoder whose tensors are elsewhere: those of the head are all that the result has.
    ///
    /// # Errors
    /// As [`from_checkpoint`](Self::from_checkpoint).
    pub fn of_head(
        checkpoint: HeadCheckpoint,
        name: Option<&str>,
        over: &CanonicalModel,
    ) -> Result<Self, CanonicalError> {
        let HeadCheckpoint { mut head, tensors, .. } = checkpoint;
        if let Some(name) = name {
            name.clone_into(&mut head.name);
        }
        let (encoder, heads) = (over.encoder.clone(), vec![head]);
        let schema = Schema::new(&encoder, &heads, false)?;
        let mut builder = Builder { source: tensors, built: HashMap::new() };
        builder.head(&encoder, &heads[0])?;
        builder.check_rest(false)?;
        let of_head = schema.tensors().iter().filter(|spec| spec.name.starts_with("heads."));
        let tensors = builder.in_order_of(of_head);
        Ok(Self { encoder, heads, preprocessing: over.preprocessing, tensors })
    }
}

struct Builder {
    /// What has not been read yet.
    source: NamedTensors,
    built: HashMap<String, ArrayD<f32>>,
}

impl Builder {
    /// The tensors as the schema lists them.
    fn in_order_of<'a>(mut self, specs: impl Iterator<Item = &'a TensorSpec>) -> CanonicalTensors {
        let mut tensors = CanonicalTensors::default();
        for spec in specs {
            let values = self.built.remove(&spec.name);
            let values = values.unwrap_or_else(|| panic!("{} was not built", spec.name));
            let shape = values.shape().iter().map(|&size| size as u64);
            assert!(shape.eq(spec.shape.iter().copied()), "{} has shape {:?}", spec.name, values.shape());
            tensors.push(spec.name.clone(), spec.role, values);
        }
        assert!(self.built.is_empty(), "tensors that the schema does not know: {:?}", self.built.keys());
        tensors
    }

    /// Checks that what has not been read changes no answer.
    fn check_rest(&self, other_heads_unwanted: bool) -> Result<(), CanonicalError> {
        let harmless = |name: &String| {
            names::may_be_left_out(name) || other_heads_unwanted && names::head_of(name).is_some()
        };
        let rest: Vec<_> = self.source.names().filter(|name| !harmless(name)).collect();
        let Some(first) = rest.first() else { return Ok(()) };
        let of_head = rest.iter().find_map(|name| names::head_of(name).map(|tasks| (name, tasks)));
        Err(match of_head {
            Some((name, tasks)) => {
                CanonicalError::Head { tensor: self.source.in_file(name).to_owned(), tasks }
            }
            None => {
                let tensor = self.source.in_file(first).to_owned();
                CanonicalError::Unread { tensor, others: rest.len() - 1 }
            }
        })
    }

    fn stem(&mut self, encoder: &EncoderConfig, conv_bias: bool) -> Result<(), CanonicalError> {
        let mut channels = 1;
        for (i, conv) in encoder.stem.iter().enumerate() {
            let [dim, kernel] = [conv.dim, conv.kernel].map(|size| size as usize);
            let [from, from_norm] = names::stem(i);
            let weight = format!("{from}.weight");
            if i == 0 && !self.source.contains(&weight) {
                let example = self.source.names().next().map(|name| self.source.in_file(name).to_owned());
                return Err(CanonicalError::Foreign { example });
            }
            let weight = self.take(&weight, &[dim, channels, kernel])?;
            self.push(format!("stem.{i}.conv.weight"), tap_slow(weight, 1).into_dyn());
            if conv_bias {
                self.dense(&format!("{from}.bias"), &[dim], format!("stem.{i}.conv.bias"))?;
            }
            if i == 0 || encoder.stem_norm == StemNorm::Layer {
                self.norm(&from_norm, dim, &format!("stem.{i}.norm"))?;
            }
            channels = dim;
        }
        Ok(())
    }

    fn projection(&mut self, encoder: &EncoderConfig) -> Result<(), CanonicalError> {
        let channels = encoder.stem_width();
        if encoder.stem_scale {
            self.dense(names::STEM_SCALE, &[channels], "projection.scale".to_owned())?;
        }
        self.norm(names::PROJECTION_NORM, channels, "projection.norm")?;
        let shape = [encoder.hidden_size as usize, channels];
        self.linear(names::PROJECTION, shape, "projection.linear")
    }

    /// The positional convolution; its weight norm spelt as today, as before torch 2.1, or removed. Spellings may stand
    /// side by side if they come to the same.
    fn positional(&mut self, encoder: &EncoderConfig) -> Result<(), CanonicalError> {
        let [hidden, groups, kernel] =
            [encoder.hidden_size, encoder.positional_groups, encoder.positional_kernel].map(|n| n as usize);
        let shape = [hidden, hidden / groups, kernel];
        let from = names::POSITIONAL;
        let mut weights: Vec<(String, ArrayD<f32>)> = Vec::new();
        for [magnitude, direction] in
            names::WEIGHT_NORMS.map(|pair| pair.map(|part| format!("{from}.{part}")))
        {
            if self.source.contains(&magnitude) || self.source.contains(&direction) {
                let length = self.take(&magnitude, &[1, 1, kernel])?;
                let folded = fold_weight_norm(&length, self.take(&direction, &shape)?);
                let folded = folded.ok_or_else(|| CanonicalError::NonFinite { tensor: direction.clone() })?;
                weights.push((direction, folded));
            }
        }
        let removed = format!("{from}.weight");
        if weights.is_empty() || self.source.contains(&removed) {
            // Where there is no spelling at all, the error names today's.
            let [[_, today], _] = names::WEIGHT_NORMS;
            let name = if self.source.contains(&removed) { removed } else { format!("{from}.{today}") };
            weights.push((name.clone(), self.take(&name, &shape)?));
        }
        let mut weights = weights.into_iter();
        let (first, weight) = weights.next().expect("one spelling at least");
        for (second, other) in weights {
            if !nearly_equal(&weight, &other) {
                let [first, second] = [&first, &second].map(|name| self.source.in_file(name).to_owned());
                return Err(CanonicalError::TwoSpellings { first, second });
            }
        }
        self.push("positional.weight".to_owned(), tap_slow(weight, groups).into_dyn());
        self.dense(&format!("{from}.bias"), &[hidden], "positional.bias".to_owned())
    }

    fn layers(&mut self, encoder: &EncoderConfig) -> Result<(), CanonicalError> {
        let [hidden, heads, buckets] =
            [encoder.hidden_size, encoder.num_heads, encoder.num_buckets].map(|size| size as usize);
        self.norm(names::ENCODER_NORM, hidden, "encoder_norm")?;
        // Where pruning took the first layer's attention, it took the position bias of all.
        if encoder.layer(0).heads.is_empty() && !self.source.contains(names::POSITION_BIAS) {
            self.push("position_bias".to_owned(), ArrayD::zeros(vec![buckets, heads]));
        } else {
            self.dense(names::POSITION_BIAS, &[buckets, heads], "position_bias".to_owned())?;
        }
        for i in 0..encoder.num_layers as usize {
            let from = |part: &str| names::layer(i, part);
            let to = |part: &str| format!("layers.{i}.{part}");
            let shape = encoder.layer(i);
            let (attends, inner) = (!shape.heads.is_empty(), shape.intermediate_size as usize);
            if attends {
                self.attention(&from("attention"), encoder, &shape, &to("attention"))?;
            }
            let [attention_normed, finally_normed] = encoder.norms(i);
            if attention_normed {
                self.norm(&from("layer_norm"), hidden, &to("attention_norm"))?;
            }
            if inner > 0 {
                self.linear(
                    &from("feed_forward.intermediate_dense"),
                    [inner, hidden],
                    &to("feed_forward.up"),
                )?;
                self.linear(&from("feed_forward.output_dense"), [hidden, inner], &to("feed_forward.down"))?;
            }
            if finally_normed {
                self.norm(&from("final_layer_norm"), hidden, &to("final_norm"))?;
            }
        }
        Ok(())
    }

    fn attention(
        &mut self,
        from: &str,
        encoder: &EncoderConfig,
        shape: &LayerShape,
        to: &str,
    ) -> Result<(), CanonicalError> {
        let (hidden, kept) = (encoder.hidden_size as usize, shape.heads.len() * encoder.head_dim());
        match shape.attention_of {
            Some(_) => self.linear(&format!("{from}.v_proj"), [kept, hidden], &format!("{to}.value"))?,
            None => {
                self.qkv(from, [kept, hidden], &format!("{to}.qkv"))?;
                self.gate(from, encoder, &shape.heads, &format!("{to}.gate"))?;
            }
        }
        self.linear(&format!("{from}.out_proj"), [hidden, kept], &format!("{to}.out"))
    }

    /// Query, key and value as one matrix of three times as many rows.
    fn qkv(&mut self, from: &str, shape: [usize; 2], to: &str) -> Result<(), CanonicalError> {
        let mut stacked = |part: &str, shape: &[usize]| {
            let [q, k, v] = ["q", "k", "v"].map(|p| self.take(&format!("{from}.{p}_proj.{part}"), shape));
            Ok::<_, CanonicalError>(concatenate![Axis(0), q?, k?, v?])
        };
        let (weight, bias) = (stacked("weight", &shape)?, stacked("bias", &shape[..1])?);
        self.push(format!("{to}.weight"), weight.insert_axis(Axis(0)));
        self.push(format!("{to}.bias"), bias);
        Ok(())
    }

    /// The gate of the position bias: one small linear shared by all heads, and a factor per head, of which those that are
    /// left count.
    fn gate(
        &mut self,
        from: &str,
        encoder: &EncoderConfig,
        heads: &[u32],
        to: &str,
    ) -> Result<(), CanonicalError> {
        self.linear(&format!("{from}.gru_rel_pos_linear"), [8, encoder.head_dim()], to)?;
        let shape = [1, encoder.num_heads as usize, 1, 1];
        let factors = self.take(&format!("{from}.gru_rel_pos_const"), &shape)?;
        let kept: Vec<usize> = heads.iter().map(|&head| head as usize).collect();
        self.push(format!("{to}.const"), factors.flatten().select(Axis(0), &kept).into_dyn());
        Ok(())
    }

    fn adapter(&mut self, encoder: &EncoderConfig, adapter: &AdapterConfig) -> Result<(), CanonicalError> {
        let [hidden, width, kernel] =
            [encoder.hidden_size, adapter.output_hidden_size, adapter.kernel].map(|size| size as usize);
        if width != hidden {
            self.linear(names::ADAPTER_PROJECTION, [width, hidden], "adapter.projection")?;
            self.norm(names::ADAPTER_NORM, width, "adapter.norm")?;
        }
        for i in 0..adapter.num_layers as usize {
            let from = names::adapter(i);
            let weight = self.take(&format!("{from}.weight"), &[2 * width, width, kernel])?;
            self.push(format!("adapter.{i}.conv.weight"), tap_slow(weight, 1).into_dyn());
            self.dense(&format!("{from}.bias"), &[2 * width], format!("adapter.{i}.conv.bias"))?;
        }
        Ok(())
    }

    fn head(&mut self, encoder: &EncoderConfig, head: &Head) -> Result<(), CanonicalError> {
        let hidden = encoder.hidden_size as usize;
        let to = |part: &str| format!("heads.{}.{part}", head.name);
        if head.weighted_layer_sum {
            let states = encoder.num_layers as usize + 1;
            self.dense(names::LAYER_WEIGHTS, &[states], to("layer_weights"))?;
        }
        let outputs = head.kind.labels().len();
        match &head.kind {
            HeadKind::Ctc { .. } => self.linear(names::CTC, [outputs, encoder.output_width()], &to("output")),
            HeadKind::Sequence { projection, .. } => {
                let projection = *projection as usize;
                self.linear(names::PROJECTOR, [projection, hidden], &to("projector"))?;
                self.linear(names::CLASSIFIER, [outputs, projection], &to("classifier"))
            }
            HeadKind::Frame { .. } => self.linear(names::CLASSIFIER, [outputs, hidden], &to("classifier")),
            HeadKind::XVector { tdnn, embedding, .. } => self.xvector(hidden, tdnn, *embedding as usize, to),
        }
    }

    fn xvector(
        &mut self,
        hidden: usize,
        tdnn: &[TdnnShape],
        embedding: usize,
        to: impl Fn(&str) -> String,
    ) -> Result<(), CanonicalError> {
        // The first layer has as many inputs as outputs.
        let mut channels = tdnn.first().map_or(0, |layer| layer.dim as usize);
        self.linear(names::PROJECTOR, [channels, hidden], &to("projector"))?;
        for (i, layer) in tdnn.iter().enumerate() {
            let [dim, kernel] = [layer.dim, layer.kernel].map(|size| size as usize);
            // transformers keeps this convolution as a linear, its taps slow already.
            self.linear(&names::tdnn(i), [dim, kernel * channels], &to(&format!("tdnn.{i}")))?;
            channels = dim;
        }
        self.linear(names::EMBEDDING, [embedding, 2 * channels], &to("embedding"))?;
        self.linear(names::CLASSIFIER, [embedding, embedding], &to("classifier"))
    }

    fn linear(&mut self, from: &str, shape: [usize; 2], to: &str) -> Result<(), CanonicalError> {
        let weight = self.take(&format!("{from}.weight"), &shape)?;
        self.push(format!("{to}.weight"), weight.insert_axis(Axis(0)));
        self.dense(&format!("{from}.bias"), &shape[..1], format!("{to}.bias"))
    }

    fn norm(&mut self, from: &str, width: usize, to: &str) -> Result<(), CanonicalError> {
        self.dense(&format!("{from}.weight"), &[width], format!("{to}.weight"))?;
        self.dense(&format!("{from}.bias"), &[width], format!("{to}.bias"))
    }

    fn dense(&mut self, from: &str, shape: &[usize], to: String) -> Result<(), CanonicalError> {
        let values = self.take(from, shape)?;
        self.push(to, values);
        Ok(())
    }

    fn push(&mut self, name: String, values: ArrayD<f32>) {
        self.built.insert(name, values);
    }

    /// Moves a tensor out of the checkpoint, once its shape and values are found good.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<ArrayD<f32>, CanonicalError> {
        let expected = || Shape(shape.to_vec());
        let Some(values) = self.source.floats.remove(name) else {
            let tensor = self.source.in_file(name).to_owned();
            return Err(match self.source.others.get(name) {
                Some(found) => CanonicalError::Type { tensor, found: found.clone() },
                None => CanonicalError::Missing { tensor, expected: expected() },
            });
        };
        let tensor = || self.source.in_file(name).to_owned();
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

/// Whether two weights of one shape differ by rounding alone.
fn nearly_equal(a: &ArrayD<f32>, b: &ArrayD<f32>) -> bool {
    let largest = a.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME_WEIGHT * largest)
}
