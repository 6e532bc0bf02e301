//! A tensor of an open file. Nothing is copied.

use std::sync::Arc;
use std::{fmt, ptr};

use crate::error::TensorError;
use crate::file::ModelFile;
use crate::header::{Packing, TensorEntry};
use crate::values;
use crate::views::{
    PanelsF32View, PanelsI4View, PanelsI8View, bytes_of, f32_elements, panels_f32_view, panels_i4_view,
    panels_i8_parts,
};

/// A tensor and the file that holds it; cheap to clone. Two are equal if they are the same tensor of the same
/// opened file, so that comparing never reads weights.
#[derive(Clone)]
pub struct TensorRef {
    file: Arc<ModelFile>,
    index: usize,
}

impl ModelFile {
    /// The tensor of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn tensor(self: &Arc<Self>, name: &str) -> Result<TensorRef, TensorError> {
        match self.index(name) {
            Some(index) => Ok(TensorRef { file: Arc::clone(self), index }),
            None => Err(TensorError::Missing { name: name.to_owned() }),
        }
    }
}

impl TensorRef {
    /// Canonical name.
    pub fn name(&self) -> &str {
        &self.entry().name
    }

    /// Logical shape, before padding.
    pub fn shape(&self) -> &[u64] {
        &self.entry().shape
    }

    /// Its line in the file's table.
    pub fn entry(&self) -> &TensorEntry {
        &self.file.header().tensors[self.index]
    }

    /// The elements of a [`Packing::DenseF32`] tensor, row-major.
    pub fn dense(&self) -> Result<&[f32], TensorError> {
        self.expect(Packing::DenseF32)?;
        Ok(f32_elements(self.bytes()))
    }

    /// As [`TensorRef::dense`], and every element is finite.
    pub fn finite(&self) -> Result<&[f32], TensorError> {
        let elements = self.dense()?;
        values::check_finite(self.name(), elements)?;
        Ok(elements)
    }

    /// The panels of a [`Packing::PanelsF32`] matrix.
    pub fn panels_f32(&self) -> Result<PanelsF32View<'_>, TensorError> {
        self.expect(Packing::PanelsF32)?;
        Ok(panels_f32_view(self.entry(), self.bytes()))
    }

    /// The panels, scales and sums of a [`Packing::PanelsI8`] matrix. Every scale is checked here.
    pub fn panels_i8(&self) -> Result<PanelsI8View<'_>, TensorError> {
        let view = self.panels_i8_again()?;
        values::check_scales(self.name(), view.scales)?;
        Ok(view)
    }

    /// As [`TensorRef::panels_i8`], for a tensor that it has accepted before: the scales are not read again.
    pub fn panels_i8_again(&self) -> Result<PanelsI8View<'_>, TensorError> {
        self.expect(Packing::PanelsI8)?;
        Ok(panels_i8_parts(self.entry(), self.bytes()).0)
    }

    /// The codes, multipliers, scales and sums of a [`Packing::PanelsI4`] matrix. Every scale is checked here.
    pub fn panels_i4(&self) -> Result<PanelsI4View<'_>, TensorError> {
        let view = self.panels_i4_again()?;
        values::check_scales(self.name(), view.scales)?;
        Ok(view)
    }

    /// As [`TensorRef::panels_i4`], for a tensor that it has accepted before: the scales are not read again.
    pub fn panels_i4_again(&self) -> Result<PanelsI4View<'_>, TensorError> {
        self.expect(Packing::PanelsI4)?;
        Ok(panels_i4_view(self.entry(), self.bytes()))
    }

    fn expect(&self, expected: Packing) -> Result<(), TensorError> {
        let found = self.entry().packing;
        if found == expected {
            return Ok(());
        }
        Err(TensorError::Packing { name: self.name().to_owned(), expected, found })
    }

    fn bytes(&self) -> &[u8] {
        bytes_of(self.entry(), self.file.bytes())
    }
}

impl PartialEq for TensorRef {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(Arc::as_ptr(&self.file), Arc::as_ptr(&other.file)) && self.index == other.index
    }
}

impl Eq for TensorRef {}

impl fmt::Debug for TensorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TensorEntry { name, packing, shape, .. } = self.entry();
        write!(f, "{name} {packing:?} {shape:?}")
    }
}
