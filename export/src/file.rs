//! Canonical tensors to a `.wlm` file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::{Array2, ArrayD, ArrayView3, Ix3};
use wavlm_format::{Header, Packing, Precision, WriteError, Writer};
use wavlm_kernels::pack;

use crate::calibration::Inputs;
use crate::canonical::CanonicalModel;
use crate::int4::{self, QuantisedI4};
use crate::quantise::{Quantised, quantise_rows};

/// Tensors that take the place of those of a model, by canonical name.
pub type Replacements = BTreeMap<String, ArrayD<f32>>;

/// What is known of a model beyond its weights, before it is packed.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// Tensors that take the place of the model's.
    pub replacements: Replacements,
    /// What linear layers read, for those whose rounding minds it.
    pub inputs: Inputs,
}

/// What the model itself does not know about where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Licence of the weights, as SPDX expression or text.
    pub licence: String,
    /// Where the weights come from.
    pub source: String,
}

/// Packs the model into a writer, from which the file can be made. `advance` is called after each tensor.
pub fn build<'a>(
    model: &'a CanonicalModel,
    prepared: &'a Prepared,
    precision: Precision,
    provenance: &Provenance,
    mut advance: impl FnMut(),
) -> Result<Writer<'a>, WriteError> {
    let mut writer = Writer::new(Header {
        encoder: model.encoder.clone(),
        heads: model.heads.clone(),
        preprocessing: model.preprocessing,
        precision,
        tensors: Vec::new(),
        report: None,
        licence: provenance.licence.clone(),
        source: provenance.source.clone(),
    })?;
    for tensor in model.tensors.iter() {
        let replacement = prepared.replacements.get(&tensor.name);
        let values = replacement.unwrap_or(&tensor.values);
        match tensor.role.packing(precision) {
            Packing::DenseF32 => add_dense(&mut writer, &tensor.name, values)?,
            Packing::PanelsF32 => add_f32(&mut writer, &tensor.name, matrix(values))?,
            Packing::PanelsI4 => {
                // What a layer reads is known of the model as it was.
                let inputs = prepared.inputs.get(&tensor.name).filter(|_| replacement.is_none());
                add_int4(&mut writer, &tensor.name, matrix(values), inputs)?;
            }
            Packing::PanelsI8 => add_int8(&mut writer, &tensor.name, matrix(values))?,
        }
        advance();
    }
    Ok(writer)
}

fn matrix(values: &ArrayD<f32>) -> ArrayView3<'_, f32> {
    values.view().into_dimensionality::<Ix3>().expect("canonical matrices have three dimensions")
}

fn shape(matrix: ArrayView3<'_, f32>) -> [u64; 3] {
    let (groups, rows, columns) = matrix.dim();
    [groups, rows, columns].map(|size| size as u64)
}

fn add_dense<'a>(writer: &mut Writer<'a>, name: &str, values: &'a ArrayD<f32>) -> Result<(), WriteError> {
    let shape: Vec<u64> = values.shape().iter().map(|&size| size as u64).collect();
    let data = values.as_slice().map_or_else(|| Cow::Owned(values.iter().copied().collect()), Cow::Borrowed);
    writer.add_dense(name, &shape, data)
}

fn add_f32(writer: &mut Writer<'_>, name: &str, matrix: ArrayView3<'_, f32>) -> Result<(), WriteError> {
    let mut packed = Vec::new();
    for group in matrix.outer_iter() {
        let rows: Cow<'_, [f32]> =
            group.to_slice().map_or_else(|| Cow::Owned(group.iter().copied().collect()), Cow::Borrowed);
        packed.extend(pack::panels_f32(&rows, group.ncols(), group.nrows(), group.ncols()));
    }
    writer.add_panels_f32(name, shape(matrix), packed)
}

fn add_int4(
    writer: &mut Writer<'_>,
    name: &str,
    matrix: ArrayView3<'_, f32>,
    inputs: Option<&Array2<f32>>,
) -> Result<(), WriteError> {
    let (mut packed, mut all_multipliers, mut all_scales, mut all_sums) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for group in matrix.outer_iter() {
        let (n, k) = group.dim();
        let QuantisedI4 { codes, multipliers, mut scales, mut sums } = int4::quantise_rows(group, inputs);
        packed.extend(pack::panels_i4(&codes, n, k));
        all_multipliers.extend(pack::multipliers_i4(&multipliers, n, k));
        scales.resize(wavlm_kernels::padded(n), 0.0);
        all_scales.extend(scales);
        sums.resize(wavlm_kernels::padded(n), 0);
        all_sums.extend(sums);
    }
    writer.add_panels_i4(name, shape(matrix), packed, all_multipliers, all_scales, all_sums)
}

fn add_int8(writer: &mut Writer<'_>, name: &str, matrix: ArrayView3<'_, f32>) -> Result<(), WriteError> {
    let (mut packed, mut all_scales, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for group in matrix.outer_iter() {
        let (n, k) = group.dim();
        let Quantised { codes, mut scales } = quantise_rows(group);
        packed.extend(pack::panels_i8(&codes, n, k));
        sums.extend(pack::sums_i8(&codes, n, k));
        scales.resize(wavlm_kernels::padded(n), 0.0);
        all_scales.extend(scales);
    }
    writer.add_panels_i8(name, shape(matrix), packed, all_scales, sums)
}
