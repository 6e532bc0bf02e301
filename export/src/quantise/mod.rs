//! Weights in few bits: what is known before they are rounded, and the rounding.
//!
//! ```text
//! equalise     a model -> channels of one scale, by its weights alone
//! calibration  recordings -> what its linear layers read
//! smooth       what they read -> channels that are loud there made quiet
//! mixture      which linear layers have 8 bits in a file of 4, so that it has a given length
//! int8, int4   a matrix -> codes and scales
//! ```

pub mod calibration;
pub mod equalise;
pub mod int4;
pub mod int8;
pub mod mixture;
pub mod smooth;

use std::collections::{BTreeMap, BTreeSet};

use ndarray::ArrayD;

/// Tensors that take the place of those of a model, by canonical name.
pub type Replacements = BTreeMap<String, ArrayD<f32>>;

/// What is known of a model beyond its weights, before it is packed.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// Tensors that take the place of the model's.
    pub replacements: Replacements,
    /// What linear layers read, for those whose rounding minds it.
    pub inputs: calibration::Inputs,
    /// Linear weights that have 8 bits in a file of 4.
    pub wide: BTreeSet<String>,
}
