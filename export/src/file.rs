//! Canonical tensors to a `.wlm` file.

use std::borrow::Cow;

use ndarray::{Array2, ArrayD, ArrayView3, Ix3};
use wavlm_format::{Header, Packing, Precision, TensorEntry, WriteError, Writer, planned_length};
use wavlm_kernels::pack;

use crate::canonical::{CanonicalModel, CanonicalTensor};
use crate::quantise::Prepared;
use crate::quantise::int4::{self, QuantisedI4};
use crate::quantise::int8::{self, Quantised};

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
    let mut writer = Writer::new(header(model, precision, provenance))?;
    for tensor in model.tensors.iter() {
        let replacement = prepared.replacements.get(&tensor.name);
        let values = replacement.unwrap_or(&tensor.values);
        match packing(tensor, prepared, precision) {
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

/// How long the file would be that [`build`] makes, in bytes.
///
/// # Errors
/// The file cannot be made.
pub fn length(
    model: &CanonicalModel,
    prepared: &Prepared,
    precision: Precision,
    provenance: &Provenance,
) -> Result<u64, WriteError> {
    let mut header = header(model, precision, provenance);
    let entry = |tensor: &CanonicalTensor| {
        let (packing, shape) = (packing(tensor, prepared, precision), shape_of(&tensor.values));
        // A shape that has no length is refused with the header.
        let length = packing.byte_length(&shape).unwrap_or(0);
        TensorEntry { name: tensor.name.clone(), packing, shape, offset: 0, length, crc32: u32::MAX }
    };
    header.tensors = model.tensors.iter().map(entry).collect();
    planned_length(&header)
}

fn header(model: &CanonicalModel, precision: Precision, provenance: &Provenance) -> Header {
    Header {
        encoder: model.encoder.clone(),
        heads: model.heads.clone(),
        preprocessing: model.preprocessing,
        precision,
        tensors: Vec::new(),
        report: None,
        licence: provenance.licence.clone(),
        source: provenance.source.clone(),
    }
}

fn packing(tensor: &CanonicalTensor, prepared: &Prepared, precision: Precision) -> Packing {
    match tensor.role.packing(precision) {
        Packing::PanelsI4 if prepared.wide.contains(&tensor.name) => Packing::PanelsI8,
        packing => packing,
    }
}

fn shape_of(values: &ArrayD<f32>) -> Vec<u64> {
    values.shape().iter().map(|&size| size as u64).collect()
}

fn matrix(values: &ArrayD<f32>) -> ArrayView3<'_, f32> {
    values.view().into_dimensionality::<Ix3>().expect("canonical matrices have three dimensions")
}

fn shape(matrix: ArrayView3<'_, f32>) -> [u64; 3] {
    let (groups, rows, columns) = matrix.dim();
    [groups, rows, columns].map(|size| size as u64)
}

fn add_dense<'a>(writer: &mut Writer<'a>, name: &str, values: &'a ArrayD<f32>) -> Result<(), WriteError> {
    let shape = shape_of(values);
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
        let Quantised { codes, mut scales } = int8::quantise_rows(group);
        packed.extend(pack::panels_i8(&codes, n, k));
        sums.extend(pack::sums_i8(&codes, n, k));
        scales.resize(wavlm_kernels::padded(n), 0.0);
        all_scales.extend(scales);
    }
    writer.add_panels_i8(name, shape(matrix), packed, all_scales, sums)
}
