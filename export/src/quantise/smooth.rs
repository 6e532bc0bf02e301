//! Channels that are loud in what a layer reads made quiet, without changing what the model computes (SmoothQuant, Xiao et
//! al., 2023, section 4).
//!
//! What a layer reads has one scale for each frame, so a channel a hundred times louder than the others takes all levels from
//! them. Where whatever makes the channels is linear in them, a channel is divided by a factor there, and the weights that
//! read it are multiplied by as much. That is so of the norm in front of the feed-forward block in models whose norms stand in
//! front (behind other norms the channels go on to the next layer, too), and of the values that attention mixes. It is not so
//! of what attention reads: the gate of the position bias reads it with weights that all heads share.
//!
//! Factors are powers of two, so the f32 model stays the same bit for bit.

use ndarray::{ArrayD, Axis};

use super::Replacements;
use super::calibration::Inputs;
use crate::canonical::CanonicalModel;

/// Largest power of two that a channel is divided by, or multiplied with.
const MAX_EXPONENT: f32 = 12.0;

/// Tensors of which parts are divided by factors: the axis of the channels, and the first of them.
type Makers = Vec<(String, usize, usize)>;

/// Changes the tensors in `replacements`, and adds those of the model that smoothing changes. `inputs` is what the model's
/// linear layers read on recordings.
pub fn smooth(model: &CanonicalModel, replacements: &mut Replacements, inputs: &Inputs) {
    for i in 0..model.encoder.num_layers {
        let name = |part: &str| format!("layers.{i}.{part}");
        let shape = model.encoder.layer(i as usize);
        let values = match shape.attention_of {
            Some(_) => ("attention.value", 0),
            None => ("attention.qkv", 2 * shape.heads.len() * model.encoder.head_dim()),
        };
        let makers = |(layer, first): (&str, usize)| {
            vec![(name(&format!("{layer}.weight")), 1, first), (name(&format!("{layer}.bias")), 0, first)]
        };
        // Another layer may read the same queries and keys, and never the same values.
        if !shape.heads.is_empty() {
            move_scale(model, replacements, inputs, makers(values), name("attention.out.weight"));
        }
        if model.encoder.stable_layer_norm && shape.intermediate_size > 0 {
            let norm = vec![(name("final_norm.weight"), 0, 0), (name("final_norm.bias"), 0, 0)];
            move_scale(model, replacements, inputs, norm, name("feed_forward.up.weight"));
        }
    }
}

/// Divides what makes the channels by the factors that `reader` needs, whose columns it multiplies with them.
fn move_scale(
    model: &CanonicalModel,
    replacements: &mut Replacements,
    inputs: &Inputs,
    makers: Makers,
    reader: String,
) {
    let Some(inputs) = inputs.get(&reader) else { return };
    let mut take = |name: &str| {
        let values = replacements.remove(name).or_else(|| model.tensors.get(name).cloned());
        values.unwrap_or_else(|| panic!("no tensor {name}"))
    };
    let mut weights = take(&reader);
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0_f32, |most, x| most.max(x.abs()));
    let read: Vec<f32> =
        inputs.columns().into_iter().map(|column| largest(&mut column.iter().copied())).collect();
    let columns = weights.axis_iter(Axis(2));
    let weighed: Vec<f32> = columns.map(|column| largest(&mut column.iter().copied())).collect();
    let factors = factors(&read, &weighed);
    for (mut column, &factor) in weights.axis_iter_mut(Axis(2)).zip(&factors) {
        column.mapv_inplace(|w| w * factor);
    }
    let made: Vec<(String, ArrayD<f32>)> = makers
        .into_iter()
        .map(|(name, axis, first)| {
            let mut values = take(&name);
            let channels = values.axis_iter_mut(Axis(axis)).skip(first);
            channels.zip(&factors).for_each(|(mut channel, factor)| channel.mapv_inplace(|x| x / factor));
            (name, values)
        })
        .collect();
    replacements.extend(made);
    replacements.insert(reader, weights);
}

/// Factors that leave what is read and what weighs it of one size: the root of the one over the other, relative to what is
/// usual in the layer, as powers of two. A channel that is silent or not read keeps its scale.
fn factors(read: &[f32], weighed: &[f32]) -> Vec<f32> {
    let exponent = |(&read, &weighed): (&f32, &f32)| {
        (read > 0.0 && weighed > 0.0).then(|| (read.log2() - weighed.log2()) / 2.0)
    };
    let exponents: Vec<Option<f32>> = read.iter().zip(weighed).map(exponent).collect();
    let mut known: Vec<f32> = exponents.iter().copied().flatten().collect();
    known.sort_by(f32::total_cmp);
    let usual = known.get(known.len() / 2).copied().unwrap_or(0.0);
    let factor = |exponent: Option<f32>| {
        exponent.map_or(1.0, |exponent| (exponent - usual).round().clamp(-MAX_EXPONENT, MAX_EXPONENT).exp2())
    };
    exponents.into_iter().map(factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_channels_are_made_quieter_by_half_of_what_they_are_louder() {
        assert_eq!(
            factors(&[1.0, 64.0, 1.0, 0.25, 0.0], &[1.0, 1.0, 1.0, 1.0, 1.0]),
            [1.0, 8.0, 1.0, 0.5, 1.0]
        );
        assert_eq!(factors(&[2.0; 3], &[1.0, 16.0, 1.0]), [1.0, 0.25, 1.0]);
        assert_eq!(factors(&[1.0, 1e30], &[1.0, 1e-30]), [2.0_f32.powi(-12), 1.0], "within limits");
        assert_eq!(factors(&[], &[]), [0.0; 0]);
    }
}
