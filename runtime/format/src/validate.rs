//! Which configurations exist: everything transformers' WavLM can be built from, within sizes that cannot overflow.

use std::collections::HashSet;

use crate::config::{AdapterConfig, EncoderConfig, Head, HeadKind, Preprocessing, TdnnShape};
use crate::error::ConfigError;
use crate::header::Header;
use crate::limits::*;

impl Header {
    /// Checks everything but the tensor table.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.encoder.validate()?;
        self.preprocessing.validate()?;
        range("heads", self.heads.len(), 0, MAX_HEADS)?;
        let mut names = HashSet::new();
        for (index, head) in self.heads.iter().enumerate() {
            head.validate(index, &self.encoder)?;
            if !names.insert(head.name.as_str()) {
                return Err(ConfigError::DuplicateHead { name: head.name.clone() });
            }
        }
        Ok(())
    }
}

impl EncoderConfig {
    /// Checks that such an encoder exists: sizes within [`limits`](crate::limits), divisors that divide, buckets that
    /// can be computed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        range("stem", self.stem.len(), 1, MAX_STEM)?;
        for (i, conv) in self.stem.iter().enumerate() {
            size(format!("stem[{i}].dim"), conv.dim)?;
            size(format!("stem[{i}].kernel"), conv.kernel)?;
            size(format!("stem[{i}].stride"), conv.stride)?;
            matrix(format!("stem[{i}]"), conv.dim, conv.kernel, self.stem_inputs(i))?;
        }
        if self.receptive_field() as u64 > MAX_RECEPTIVE_FIELD || self.hop() as u64 > MAX_RECEPTIVE_FIELD {
            return Err(ConfigError::ReceptiveField { max: MAX_RECEPTIVE_FIELD });
        }
        size("hidden_size", self.hidden_size)?;
        size("intermediate_size", self.intermediate_size)?;
        range("num_layers", self.num_layers, 1, MAX_LAYERS)?;
        divides("hidden_size", self.hidden_size, "num_heads", self.num_heads)?;
        matrix("projection", self.hidden_size, 1, self.stem_width())?;
        matrix("attention.qkv", self.hidden_size, 3, self.hidden_size)?;
        matrix("feed_forward", self.intermediate_size, 1, self.hidden_size)?;
        above_zero("layer_norm_eps", self.layer_norm_eps)?;
        size("positional_kernel", self.positional_kernel)?;
        divides("hidden_size", self.hidden_size, "positional_groups", self.positional_groups)?;
        let group_width = self.hidden_size / self.positional_groups;
        matrix("positional", self.hidden_size, self.positional_kernel, group_width)?;
        self.validate_buckets()?;
        self.adapter.map_or(Ok(()), |adapter| adapter.validate(self))
    }

    /// Half of the buckets belong to each sign; half of those to single distances, the others to distances growing by
    /// a factor of `max_bucket_distance / exact`. transformers accepts odd counts, and so does this.
    fn validate_buckets(&self) -> Result<(), ConfigError> {
        range("num_buckets", self.num_buckets, 4, MAX_SIZE)?;
        range("max_bucket_distance", self.max_bucket_distance, 1, MAX_DISTANCE)?;
        let exact = self.num_buckets / 2 / 2;
        if self.max_bucket_distance <= exact {
            return Err(ConfigError::BucketDistance { distance: self.max_bucket_distance, exact });
        }
        Ok(())
    }
}

impl AdapterConfig {
    fn validate(&self, encoder: &EncoderConfig) -> Result<(), ConfigError> {
        size("adapter.output_hidden_size", self.output_hidden_size)?;
        size("adapter.kernel", self.kernel)?;
        size("adapter.stride", self.stride)?;
        range("adapter.num_layers", self.num_layers, 0, MAX_ADAPTER_LAYERS)?;
        matrix("adapter.projection", self.output_hidden_size, 1, encoder.hidden_size)?;
        matrix("adapter.conv", u64::from(self.output_hidden_size) * 2, self.kernel, self.output_hidden_size)
    }
}

impl Preprocessing {
    fn validate(&self) -> Result<(), ConfigError> {
        range("preprocessing.sampling_rate", self.sampling_rate, 1, MAX_RATE)
    }
}

impl Head {
    /// Checks that such a head can follow `encoder`; `index` is its place in the file.
    fn validate(&self, index: usize, encoder: &EncoderConfig) -> Result<(), ConfigError> {
        let Self { name, kind, .. } = self;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if name.is_empty() || name.len() > MAX_HEAD_NAME || !name.bytes().all(allowed) {
            let name = name.chars().take(MAX_HEAD_NAME).collect();
            return Err(ConfigError::HeadName { index, name, max: MAX_HEAD_NAME });
        }
        let labels = if matches!(kind, HeadKind::Ctc { .. }) { "vocabulary" } else { "labels" };
        range(format!("heads.{name}.{labels}"), kind.labels().len(), 1, MAX_LABELS)?;
        let outputs = kind.labels().len();
        match kind {
            HeadKind::Ctc { vocabulary, blank } => {
                if *blank as usize >= vocabulary.len() {
                    let (head, vocabulary) = (name.clone(), vocabulary.len());
                    return Err(ConfigError::Blank { head, blank: *blank, vocabulary });
                }
                if self.weighted_layer_sum {
                    return Err(ConfigError::WeightedCtc { head: name.clone() });
                }
                matrix(format!("heads.{name}.output"), outputs, 1, encoder.output_width())?;
            }
            HeadKind::Sequence { projection, .. } => {
                self.refuse_adapter(encoder)?;
                size(format!("heads.{name}.projection"), *projection)?;
                matrix(format!("heads.{name}.projector"), *projection, 1, encoder.hidden_size)?;
                matrix(format!("heads.{name}.classifier"), outputs, 1, *projection)?;
            }
            HeadKind::Frame { .. } => {
                self.refuse_adapter(encoder)?;
                matrix(format!("heads.{name}.classifier"), outputs, 1, encoder.hidden_size)?;
            }
            HeadKind::XVector { tdnn, embedding, .. } => {
                self.validate_xvector(tdnn, *embedding, encoder)?;
                matrix(format!("heads.{name}.classifier"), outputs, 1, *embedding)?;
            }
        }
        self.validate_decision()
    }

    fn validate_xvector(
        &self,
        tdnn: &[TdnnShape],
        embedding: u32,
        encoder: &EncoderConfig,
    ) -> Result<(), ConfigError> {
        let name = &self.name;
        // A weighted sum reads the hidden states in front of the adapter, which have the right width.
        if !self.weighted_layer_sum && encoder.output_width() != encoder.hidden_size as usize {
            let (found, expected) = (encoder.output_width() as u32, encoder.hidden_size);
            return Err(ConfigError::AdapterWidth { head: name.clone(), found, expected });
        }
        range(format!("heads.{name}.tdnn"), tdnn.len(), 1, MAX_TDNN)?;
        let mut inputs = tdnn[0].dim;
        for (i, layer) in tdnn.iter().enumerate() {
            size(format!("heads.{name}.tdnn[{i}].dim"), layer.dim)?;
            size(format!("heads.{name}.tdnn[{i}].kernel"), layer.kernel)?;
            size(format!("heads.{name}.tdnn[{i}].dilation"), layer.dilation)?;
            matrix(format!("heads.{name}.tdnn[{i}]"), layer.dim, layer.kernel, inputs)?;
            inputs = layer.dim;
        }
        size(format!("heads.{name}.embedding"), embedding)?;
        matrix(format!("heads.{name}.projector"), tdnn[0].dim, 1, encoder.hidden_size)?;
        matrix(format!("heads.{name}.embedding"), embedding, 2, inputs)
    }

    fn refuse_adapter(&self, encoder: &EncoderConfig) -> Result<(), ConfigError> {
        match encoder.adapter {
            Some(_) => Err(ConfigError::AdapterHead { head: self.name.clone(), kind: self.kind.name() }),
            None => Ok(()),
        }
    }

    fn validate_decision(&self) -> Result<(), ConfigError> {
        let Some(decision) = self.decision else { return Ok(()) };
        let field = |field: &str| format!("heads.{}.decision.{field}", self.name);
        if !decision.threshold.is_finite() {
            let (field, found) = (field("threshold"), decision.threshold);
            return Err(ConfigError::Real { field, found, expected: "of any size" });
        }
        seconds(field("window_s"), decision.window_s)?;
        seconds(field("hop_s"), decision.hop_s)?;
        seconds(field("refractory_s"), decision.refractory_s)?;
        if decision.window_s > 0.0 {
            above_zero(field("hop_s"), decision.hop_s)?;
        }
        range(field("smoothing_windows"), decision.smoothing_windows, 0, MAX_SMOOTHING)
    }
}

fn range(field: impl Into<String>, found: impl TryInto<u64>, min: u64, max: u64) -> Result<(), ConfigError> {
    let found = whole(found);
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ConfigError::Range { field: field.into(), found, min, max })
}

/// `u32` and `usize` alike; nothing that Rust runs on has a `usize` beyond 64 bits.
fn whole(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
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

/// A matrix with `taps * inputs` columns; its factors have been checked against [`MAX_SIZE`] and so cannot overflow.
fn matrix(
    name: impl Into<String>,
    rows: impl TryInto<u64>,
    taps: u32,
    inputs: impl TryInto<u64>,
) -> Result<(), ConfigError> {
    let (name, rows, columns) = (name.into(), whole(rows), u64::from(taps) * whole(inputs));
    range(format!("columns of {name}"), columns, 1, MAX_COLUMNS)?;
    if rows * columns <= MAX_ELEMENTS {
        return Ok(());
    }
    Err(ConfigError::MatrixSize { matrix: name, rows, columns, max: MAX_ELEMENTS })
}

fn above_zero(field: impl Into<String>, found: f32) -> Result<(), ConfigError> {
    if found.is_finite() && found > 0.0 {
        return Ok(());
    }
    Err(ConfigError::Real { field: field.into(), found, expected: "above 0" })
}

fn seconds(field: String, found: f32) -> Result<(), ConfigError> {
    if (0.0..=MAX_SECONDS).contains(&found) {
        return Ok(());
    }
    Err(ConfigError::Real { field, found, expected: "from 0 to 3600" })
}
