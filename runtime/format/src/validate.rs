//! Which configurations exist: everything transformers' WavLM can be built from, within sizes that cannot overflow. What
//! the matrices come to is for the [schema](crate::schema) to check, which knows their shapes.

use std::collections::HashSet;

use crate::config::{AdapterConfig, EncoderConfig, Head, HeadKind, LayerShape, Preprocessing, TdnnShape};
use crate::error::ConfigError;
use crate::limits::*;

/// Sizes within limits, divisors that divide, buckets that can be computed.
pub(crate) fn check_encoder(encoder: &EncoderConfig) -> Result<(), ConfigError> {
    range("stem", encoder.stem.len(), 1, MAX_STEM)?;
    for (i, conv) in encoder.stem.iter().enumerate() {
        size(format!("stem[{i}].dim"), conv.dim)?;
        size(format!("stem[{i}].kernel"), conv.kernel)?;
        size(format!("stem[{i}].stride"), conv.stride)?;
    }
    if encoder.receptive_field() as u64 > MAX_RECEPTIVE_FIELD || encoder.hop() as u64 > MAX_RECEPTIVE_FIELD {
        return Err(ConfigError::ReceptiveField { max: MAX_RECEPTIVE_FIELD });
    }
    size("hidden_size", encoder.hidden_size)?;
    size("intermediate_size", encoder.intermediate_size)?;
    range("num_layers", encoder.num_layers, 1, MAX_LAYERS)?;
    divides("hidden_size", encoder.hidden_size, "num_heads", encoder.num_heads)?;
    above_zero("layer_norm_eps", encoder.layer_norm_eps)?;
    size("positional_kernel", encoder.positional_kernel)?;
    divides("hidden_size", encoder.hidden_size, "positional_groups", encoder.positional_groups)?;
    check_buckets(encoder)?;
    check_layers(encoder)?;
    encoder.adapter.as_ref().map_or(Ok(()), check_adapter)
}

/// Layers that are alike, or a shape for each: heads that there are, and attention of a layer that has its own.
fn check_layers(encoder: &EncoderConfig) -> Result<(), ConfigError> {
    let (found, expected) = (encoder.layers.len(), encoder.num_layers as usize);
    if ![0, expected].contains(&found) {
        return Err(ConfigError::LayerCount { found, expected });
    }
    for (index, layer) in encoder.layers.iter().enumerate() {
        range(format!("layers[{index}].intermediate_size"), layer.intermediate_size, 0, MAX_SIZE)?;
        let ascending = layer.heads.is_sorted_by(|a, b| a < b);
        if !ascending || layer.heads.last().is_some_and(|&head| head >= encoder.num_heads) {
            return Err(ConfigError::LayerHeads { index, num_heads: encoder.num_heads });
        }
        let Some(of) = layer.attention_of else { continue };
        let lender = encoder.layers.get(of as usize).filter(|_| (of as usize) < index);
        let lends = |lender: &LayerShape| lender.attention_of.is_none() && lender.heads == layer.heads;
        if layer.heads.is_empty() || !lender.is_some_and(lends) {
            return Err(ConfigError::AttentionOf { index, of });
        }
    }
    Ok(())
}

/// Half of the buckets belong to each sign; half of those to single distances, the others to distances growing by
/// a factor of `max_bucket_distance / exact`. transformers accepts odd counts, and so does this.
fn check_buckets(encoder: &EncoderConfig) -> Result<(), ConfigError> {
    range("num_buckets", encoder.num_buckets, 4, MAX_SIZE)?;
    range("max_bucket_distance", encoder.max_bucket_distance, 1, MAX_DISTANCE)?;
    let exact = encoder.num_buckets / 2 / 2;
    if encoder.max_bucket_distance <= exact {
        return Err(ConfigError::BucketDistance { distance: encoder.max_bucket_distance, exact });
    }
    Ok(())
}

fn check_adapter(adapter: &AdapterConfig) -> Result<(), ConfigError> {
    size("adapter.output_hidden_size", adapter.output_hidden_size)?;
    size("adapter.kernel", adapter.kernel)?;
    size("adapter.stride", adapter.stride)?;
    range("adapter.num_layers", adapter.num_layers, 0, MAX_ADAPTER_LAYERS)
}

/// A sampling rate within limits.
pub(crate) fn check_preprocessing(preprocessing: &Preprocessing) -> Result<(), ConfigError> {
    range("preprocessing.sampling_rate", preprocessing.sampling_rate, 1, MAX_RATE)
}

/// Heads that can follow `encoder`, each under a name of its own.
pub(crate) fn check_heads(heads: &[Head], encoder: &EncoderConfig) -> Result<(), ConfigError> {
    range("heads", heads.len(), 0, MAX_HEADS)?;
    let mut names = HashSet::new();
    for (index, head) in heads.iter().enumerate() {
        check_head(head, index, encoder)?;
        if !names.insert(head.name.as_str()) {
            return Err(ConfigError::DuplicateHead { name: head.name.clone() });
        }
    }
    Ok(())
}

/// `index` is the head's place in the file.
fn check_head(head: &Head, index: usize, encoder: &EncoderConfig) -> Result<(), ConfigError> {
    let Head { name, kind, .. } = head;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if name.is_empty() || name.len() > MAX_HEAD_NAME || !name.bytes().all(allowed) {
        let name = name.chars().take(MAX_HEAD_NAME).collect();
        return Err(ConfigError::HeadName { index, name, max: MAX_HEAD_NAME });
    }
    let labels = if matches!(kind, HeadKind::Ctc { .. }) { "vocabulary" } else { "labels" };
    range(format!("heads.{name}.{labels}"), kind.labels().len(), 1, MAX_LABELS)?;
    match kind {
        HeadKind::Ctc { vocabulary, blank } => {
            if *blank as usize >= vocabulary.len() {
                let (head, vocabulary) = (name.clone(), vocabulary.len());
                return Err(ConfigError::Blank { head, blank: *blank, vocabulary });
            }
            if head.weighted_layer_sum {
                return Err(ConfigError::WeightedCtc { head: name.clone() });
            }
        }
        HeadKind::Sequence { projection, .. } => {
            refuse_adapter(head, encoder)?;
            size(format!("heads.{name}.projection"), *projection)?;
        }
        HeadKind::Frame { .. } => refuse_adapter(head, encoder)?,
        HeadKind::XVector { tdnn, embedding, .. } => check_xvector(head, tdnn, *embedding, encoder)?,
    }
    check_decision(head)
}

fn check_xvector(
    head: &Head,
    tdnn: &[TdnnShape],
    embedding: u32,
    encoder: &EncoderConfig,
) -> Result<(), ConfigError> {
    let name = &head.name;
    // A weighted sum reads the hidden states in front of the adapter, which have the right width.
    if !head.weighted_layer_sum && encoder.output_width() != encoder.hidden_size as usize {
        let (found, expected) = (encoder.output_width() as u32, encoder.hidden_size);
        return Err(ConfigError::AdapterWidth { head: name.clone(), found, expected });
    }
    range(format!("heads.{name}.tdnn"), tdnn.len(), 1, MAX_TDNN)?;
    for (i, layer) in tdnn.iter().enumerate() {
        size(format!("heads.{name}.tdnn[{i}].dim"), layer.dim)?;
        size(format!("heads.{name}.tdnn[{i}].kernel"), layer.kernel)?;
        size(format!("heads.{name}.tdnn[{i}].dilation"), layer.dilation)?;
    }
    size(format!("heads.{name}.embedding"), embedding)
}

fn refuse_adapter(head: &Head, encoder: &EncoderConfig) -> Result<(), ConfigError> {
    match encoder.adapter {
        Some(_) => Err(ConfigError::AdapterHead { head: head.name.clone(), kind: head.kind.name() }),
        None => Ok(()),
    }
}

fn check_decision(head: &Head) -> Result<(), ConfigError> {
    let Some(decision) = head.decision else { return Ok(()) };
    let field = |field: &str| format!("heads.{}.decision.{field}", head.name);
    if !decision.threshold.is_finite() {
        let (field, found) = (field("threshold"), decision.threshold);
        return Err(ConfigError::Real { field, found, expected: "of any size" });
    }
    if let Some(found) = decision.lower_threshold
        && !(found.is_finite() && found <= decision.threshold)
    {
        return Err(ConfigError::Real {
            field: field("lower_threshold"),
            found,
            expected: "up to the threshold",
        });
    }
    if let Some(found) = decision.text_dependent_threshold.filter(|found| !found.is_finite()) {
        let field = field("text_dependent_threshold");
        return Err(ConfigError::Real { field, found, expected: "of any size" });
    }
    seconds(field("window_s"), decision.window_s)?;
    seconds(field("hop_s"), decision.hop_s)?;
    seconds(field("refractory_s"), decision.refractory_s)?;
    if decision.window_s > 0.0 {
        above_zero(field("hop_s"), decision.hop_s)?;
    }
    range(field("smoothing_windows"), decision.smoothing_windows, 0, MAX_SMOOTHING)?;
    let Some(confirmation) = decision.confirmation else { return Ok(()) };
    up_to(0.5, "from 0 to 0.5", field("confirmation.speed_change"), confirmation.speed_change)?;
    up_to(100.0, "from 0 to 100", field("confirmation.phone_weight"), confirmation.phone_weight)
}

/// Checks that a number lies within limits.
pub(crate) fn range(
    field: impl Into<String>,
    found: impl TryInto<u64>,
    min: u64,
    max: u64,
) -> Result<(), ConfigError> {
    // Nothing that Rust runs on has a `usize` beyond 64 bits.
    let found = found.try_into().unwrap_or(u64::MAX);
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ConfigError::Range { field: field.into(), found, min, max })
}

fn size(field: impl Into<String>, found: u32) -> Result<(), ConfigError> {
    range(field, found, 1, MAX_SIZE)
}

fn divides(dividend: &'static str, value: u32, divisor: &'static str, by: u32) -> Result<(), ConfigError> {
    size(divisor, by)?;
    if value.is_multiple_of(by) {
        return Ok(());
    }
    Err(ConfigError::Indivisible { dividend, value, divisor, by })
}

fn above_zero(field: impl Into<String>, found: f32) -> Result<(), ConfigError> {
    if found.is_finite() && found > 0.0 {
        return Ok(());
    }
    Err(ConfigError::Real { field: field.into(), found, expected: "above 0" })
}

fn seconds(field: String, found: f32) -> Result<(), ConfigError> {
    up_to(MAX_SECONDS, "from 0 to 3600", field, found)
}

/// From 0 to this; `expected` says the same.
fn up_to(most: f32, expected: &'static str, field: String, found: f32) -> Result<(), ConfigError> {
    if (0.0..=most).contains(&found) { Ok(()) } else { Err(ConfigError::Real { field, found, expected }) }
}
