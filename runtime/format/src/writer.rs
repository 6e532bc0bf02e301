//! Builds a model file: tensors are described as they are added and laid out when all of them are known.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::Path;

use crc32fast::Hasher;

use crate::atomic::write_atomically;
use crate::error::{FormatError, TensorError, WriteError};
use crate::header::{Header, Packing, TensorEntry};
use crate::packing::{Matrix, READ_AHEAD};
use crate::parse::{FIRST_TENSOR, MAX_HEADER, check, first_tensor, seal};
use crate::table::ALIGNMENT;
use crate::tensor::bad_scale;

/// Collects tensors and writes them as one file.
///
/// Data is borrowed where the caller can lend it and moved in where not; it is never copied, so writing needs no more
/// memory than the tensors themselves.
#[derive(Debug)]
pub struct Writer<'a> {
    header: Header,
    payloads: Vec<Payload<'a>>,
}

#[derive(Debug)]
enum Payload<'a> {
    F32(Cow<'a, [f32]>),
    PanelsI8 { data: Cow<'a, [i8]>, scales: Cow<'a, [f32]>, sums: Cow<'a, [i32]> },
}

impl Payload<'_> {
    /// Its bytes, in the order of the file.
    fn parts(&self) -> [&[u8]; 4] {
        match self {
            Payload::F32(data) => [bytemuck::cast_slice(data), &[], &[], &[]],
            Payload::PanelsI8 { data, scales, sums } => [
                bytemuck::cast_slice(data),
                &[0; READ_AHEAD as usize],
                bytemuck::cast_slice(scales),
                bytemuck::cast_slice(sums),
            ],
        }
    }
}

impl<'a> Writer<'a> {
    /// Starts a file; `header` is complete but for its tensors.
    pub fn new(header: Header) -> Result<Self, WriteError> {
        if !header.tensors.is_empty() {
            return Err(WriteError::TensorsGiven { count: header.tensors.len() });
        }
        header.validate().map_err(FormatError::from)?;
        Ok(Self { header, payloads: Vec::new() })
    }

    /// Adds a row-major tensor of finite elements.
    pub fn add_dense(
        &mut self,
        name: impl Into<String>,
        shape: &[u64],
        data: impl Into<Cow<'a, [f32]>>,
    ) -> Result<(), WriteError> {
        self.add_f32(name.into(), Packing::DenseF32, shape, data.into())
    }

    /// Adds a matrix of `[groups, rows, columns]`, packed as [`Packing::PanelsF32`] says, of finite elements.
    pub fn add_panels_f32(
        &mut self,
        name: impl Into<String>,
        shape: [u64; 3],
        data: impl Into<Cow<'a, [f32]>>,
    ) -> Result<(), WriteError> {
        self.add_f32(name.into(), Packing::PanelsF32, &shape, data.into())
    }

    /// Adds a matrix of `[groups, rows, columns]`, packed as [`Packing::PanelsI8`] says. Scales and sums have one
    /// element per row of every group, padding rows included; scales are finite and not negative.
    pub fn add_panels_i8(
        &mut self,
        name: impl Into<String>,
        shape: [u64; 3],
        data: impl Into<Cow<'a, [i8]>>,
        scales: impl Into<Cow<'a, [f32]>>,
        sums: impl Into<Cow<'a, [i32]>>,
    ) -> Result<(), WriteError> {
        let (name, data, scales, sums) = (name.into(), data.into(), scales.into(), sums.into());
        let length = length(&name, Packing::PanelsI8, &shape)?;
        let matrix = Matrix::panels_i8(&shape)
            .map_err(|cause| shape_error(&name, Packing::PanelsI8, &shape, cause))?;
        expect_elements(&name, &shape, "data", data.len(), matrix.elements)?;
        expect_elements(&name, &shape, "scales", scales.len(), matrix.padded_rows)?;
        expect_elements(&name, &shape, "sums", sums.len(), matrix.padded_rows)?;
        if let Some(row) = bad_scale(&scales) {
            return Err(TensorError::Scale { name, row, value: scales[row] }.into());
        }
        self.add(name, Packing::PanelsI8, &shape, length, Payload::PanelsI8 { data, scales, sums });
        Ok(())
    }

    /// Writes the file: complete under `path`, or not at all. A file that stood there before is replaced at once and
    /// keeps its permissions; who has it open goes on reading the old one.
    pub fn finish(mut self, path: &Path) -> Result<(), WriteError> {
        let prefix = self.lay_out()?;
        write_atomically(path, |file| self.write_to(&prefix, file))
            .map_err(|cause| WriteError::Io { path: path.to_owned(), cause })
    }

    /// The file's bytes, for models that are embedded or sent on.
    pub fn into_bytes(mut self) -> Result<Vec<u8>, WriteError> {
        let prefix = self.lay_out()?;
        let mut bytes = Vec::new();
        self.write_to(&prefix, &mut bytes)
            .map_err(|cause| WriteError::Io { path: "memory".into(), cause })?;
        Ok(bytes)
    }

    fn add_f32(
        &mut self,
        name: String,
        packing: Packing,
        shape: &[u64],
        data: Cow<'a, [f32]>,
    ) -> Result<(), WriteError> {
        let length = length(&name, packing, shape)?;
        expect_elements(&name, shape, "data", data.len(), length / size_of::<f32>() as u64)?;
        if let Some(at) = data.iter().position(|x| !x.is_finite()) {
            return Err(TensorError::NonFinite { name, at, value: data[at] }.into());
        }
        self.add(name, packing, shape, length, Payload::F32(data));
        Ok(())
    }

    /// Adds a checked tensor; its offset is not known yet.
    fn add(&mut self, name: String, packing: Packing, shape: &[u64], length: u64, payload: Payload<'a>) {
        let mut crc = Hasher::new();
        payload.parts().into_iter().for_each(|part| crc.update(part));
        let (shape, crc32) = (shape.to_vec(), crc.finalize());
        self.header.tensors.push(TensorEntry { name, packing, shape, offset: 0, length, crc32 });
        self.payloads.push(payload);
    }

    /// Gives every tensor its offset and returns everything that comes before the first. What it returns is known to
    /// open: the reader's own checks have passed.
    fn lay_out(&mut self) -> Result<Vec<u8>, WriteError> {
        let mut first = FIRST_TENSOR;
        loop {
            let end = self.place_tensors(first);
            let encoded = postcard::to_allocvec(&self.header).map_err(WriteError::Encode)?;
            // Larger offsets take more bytes, so a longer header can move the tensors once more; never back.
            let needed = first_tensor(encoded.len());
            if needed > first {
                first = needed;
                continue;
            }
            match u32::try_from(encoded.len()) {
                Ok(length) if length <= MAX_HEADER => {}
                length => {
                    return Err(FormatError::HeaderTooLong { length: length.unwrap_or(u32::MAX) }.into());
                }
            }
            check(&self.header, first, end)?;
            return Ok(seal(&encoded));
        }
    }

    /// Places the tensors one after another from `first` on; returns the end of the last.
    fn place_tensors(&mut self, first: u64) -> u64 {
        self.header.tensors.iter_mut().fold(first, |end, entry| {
            entry.offset = end.next_multiple_of(ALIGNMENT);
            entry.offset + entry.length
        })
    }

    fn write_to(&self, prefix: &[u8], out: &mut impl Write) -> io::Result<()> {
        out.write_all(prefix)?;
        let mut at = prefix.len() as u64;
        for (entry, payload) in self.header.tensors.iter().zip(&self.payloads) {
            io::copy(&mut io::repeat(0).take(entry.offset - at), out)?;
            payload.parts().into_iter().try_for_each(|part| out.write_all(part))?;
            at = entry.offset + entry.length;
        }
        Ok(())
    }
}

/// Bytes of a tensor, which is also the check of its shape.
fn length(name: &str, packing: Packing, shape: &[u64]) -> Result<u64, WriteError> {
    packing.checked_length(shape).map_err(|cause| shape_error(name, packing, shape, cause))
}

fn shape_error(name: &str, packing: Packing, shape: &[u64], cause: crate::ShapeError) -> WriteError {
    FormatError::Shape { name: name.to_owned(), packing, shape: shape.to_vec(), cause }.into()
}

fn expect_elements(
    name: &str,
    shape: &[u64],
    part: &'static str,
    found: usize,
    expected: u64,
) -> Result<(), WriteError> {
    if found as u64 == expected {
        return Ok(());
    }
    Err(WriteError::Elements { name: name.to_owned(), part, shape: shape.to_vec(), found, expected })
}
