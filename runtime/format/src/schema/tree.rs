//! The whole schema, and what checks that it exists.

use std::ops::Index;

use super::encoder::{Encoder, FIRST_CONV_BIAS};
use super::heads::HeadTensors;
use super::list::{TensorId, TensorList, TensorSpec};
use super::outputs::{BaseOutputs, OutputSpec};
use crate::config::{EncoderConfig, Head};
use crate::error::ConfigError;
use crate::header::Header;
use crate::limits::{MAX_COLUMNS, MAX_ELEMENTS};
use crate::validate::{check_encoder, check_heads, check_preprocessing, range};

/// All tensors and outputs of a model.
///
/// ```
/// # fn show(header: &wavlm_format::Header) -> Result<(), wavlm_format::ConfigError> {
/// let schema = header.schema()?;
/// for layer in &schema.encoder.layers {
///     if let Some(attention) = &layer.attention {
///         let weight = &schema[attention.out.weight];
///         println!("{} {:?} {:?}", weight.name, weight.role, weight.shape);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Tensors of the encoder.
    pub encoder: Encoder,
    /// Tensors and outputs of the heads, in the header's order.
    pub heads: Vec<HeadTensors>,
    /// Outputs of the encoder.
    pub outputs: BaseOutputs,
    tensors: Vec<TensorSpec>,
}

impl Schema {
    /// The schema of an encoder and the heads over it. `conv_bias` tells whether the convolutions of the stem have biases,
    /// which no configuration says.
    ///
    /// However large the sizes, it lists a few thousand tensors at most: [`limits`](crate::limits) bound their number.
    ///
    /// # Errors
    /// No WavLM has this configuration, or one of its matrices is too large to address.
    pub fn new(encoder: &EncoderConfig, heads: &[Head], conv_bias: bool) -> Result<Self, ConfigError> {
        check_encoder(encoder)?;
        check_heads(heads, encoder)?;
        let mut list = TensorList::default();
        let tensors = Encoder::list(encoder, conv_bias, &mut list);
        let prefixed = heads.len() > 1;
        let heads = heads.iter().map(|head| HeadTensors::list(head, prefixed, encoder, &mut list)).collect();
        let outputs = BaseOutputs::of(encoder);
        let schema = Self { encoder: tensors, heads, outputs, tensors: list.into_tensors() };
        schema.check_matrices()?;
        Ok(schema)
    }

    /// Checks that every matrix can be addressed and its rows summed. The factors have been checked, so their products
    /// cannot overflow.
    fn check_matrices(&self) -> Result<(), ConfigError> {
        for tensor in &self.tensors {
            let &[groups, rows, columns] = tensor.shape.as_slice() else { continue };
            range(format!("columns of {}", tensor.name), columns, 1, MAX_COLUMNS)?;
            let rows = groups * rows;
            if rows * columns > MAX_ELEMENTS {
                return Err(ConfigError::MatrixSize {
                    matrix: tensor.name.clone(),
                    rows,
                    columns,
                    max: MAX_ELEMENTS,
                });
            }
        }
        Ok(())
    }

    /// Every tensor, in the order in which the forward pass reads them.
    pub fn tensors(&self) -> &[TensorSpec] {
        &self.tensors
    }

    /// Every output that a session can give: the encoder's first, then those of the heads.
    pub fn outputs(&self) -> impl Iterator<Item = &OutputSpec> {
        self.outputs.iter().chain(self.heads.iter().flat_map(|head| head.outputs.iter()))
    }
}

impl Index<TensorId> for Schema {
    type Output = TensorSpec;

    fn index(&self, id: TensorId) -> &TensorSpec {
        &self.tensors[id.place()]
    }
}

impl Header {
    /// The tensors and outputs that follow from the configuration. The convolutions of the stem have biases if the table
    /// lists one for the first of them.
    ///
    /// # Errors
    /// As [`validate`](Header::validate).
    pub fn schema(&self) -> Result<Schema, ConfigError> {
        check_preprocessing(&self.preprocessing)?;
        let conv_bias = self.tensors.iter().any(|entry| entry.name == FIRST_CONV_BIAS);
        Schema::new(&self.encoder, &self.heads, conv_bias)
    }

    /// Checks everything but the tensor table.
    ///
    /// # Errors
    /// No WavLM has this configuration, or its sizes exceed the [`limits`](crate::limits).
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.schema().map(drop)
    }
}

impl EncoderConfig {
    /// Checks that such an encoder exists: sizes within [`limits`](crate::limits), divisors that divide, buckets that
    /// can be computed.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), ConfigError> {
        Schema::new(self, &[], false).map(drop)
    }
}
