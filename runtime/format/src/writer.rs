//! Builds a model file: tensors are described as they are added and laid out when all of them are known.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::Path;

use crc32fast::Hasher;

use crate::atomic::{Readers, write_atomically};
use crate::error::{FormatError, WriteError};
use crate::header::{ExportReport, Header, Packing, TensorEntry};
use crate::layout::{ALIGNMENT, FIRST_TENSOR};
use crate::limits::MAX_HEADER;
use crate::packing::{COLUMN_STEP, GROUP_I4, PADDING_BEHIND_PANELS, PANEL_ROWS};
use crate::parse::{check, first_tensor, seal};
use crate::values;
use crate::views::{PanelsF32View, PanelsI4View, PanelsI8View};

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
    PanelsI4 {
        codes: Cow<'a, [u8]>,
        multipliers: Cow<'a, [u8]>,
        scales: Cow<'a, [f32]>,
        sums: Cow<'a, [i32]>,
    },
    PanelsI8 {
        data: Cow<'a, [i8]>,
        scales: Cow<'a, [f32]>,
        sums: Cow<'a, [i32]>,
    },
}

impl Payload<'_> {
    /// Its bytes, in the order of the file.
    fn parts(&self) -> [&[u8]; 4] {
        match self {
            Payload::F32(data) => [bytemuck::cast_slice(data), &[], &[], &[]],
            Payload::PanelsI4 { codes, multipliers, scales, sums } => {
                [codes, multipliers, bytemuck::cast_slice(scales), bytemuck::cast_slice(sums)]
            }
            Payload::PanelsI8 { data, scales, sums } => [
                bytemuck::cast_slice(data),
                &[0; PADDING_BEHIND_PANELS as usize],
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

    /// Sets how well the file agrees with its checkpoint, which is known only when a first version of it has run.
    pub fn set_report(&mut self, report: ExportReport) {
        self.header.report = Some(report);
    }

    /// Adds a row-major tensor of finite elements.
    pub fn add_dense(
        &mut self,
        name: impl Into<String>,
        shape: &[u64],
        data: impl Into<Cow<'a, [f32]>>,
    ) -> Result<(), WriteError> {
        let (name, data) = (name.into(), data.into());
        let length = length_f32(&name, Packing::DenseF32, shape, &data)?;
        values::check_finite(&name, &data)?;
        self.add(name, Packing::DenseF32, shape, length, Payload::F32(data));
        Ok(())
    }

    /// Adds a matrix of `[groups, rows, columns]`, packed as [`Packing::PanelsF32`] says: finite elements, and zeros in
    /// the padding.
    pub fn add_panels_f32(
        &mut self,
        name: impl Into<String>,
        shape: [u64; 3],
        data: impl Into<Cow<'a, [f32]>>,
    ) -> Result<(), WriteError> {
        let (name, data) = (name.into(), data.into());
        let length = length_f32(&name, Packing::PanelsF32, &shape, &data)?;
        let [groups, rows, columns] = shape.map(|n| n as usize);
        values::check_panels_f32(&name, &PanelsF32View { groups, rows, columns, data: &data })?;
        self.add(name, Packing::PanelsF32, &shape, length, Payload::F32(data));
        Ok(())
    }

    /// Adds a matrix of `[groups, rows, columns]`, packed as [`Packing::PanelsI8`] says: elements from -127 to 127, and
    /// zeros in the padding. Scales and sums have one element per row of every group, padding rows included; scales
    /// are finite and not negative, sums those of the rows' elements. The zeros behind the panels are the writer's.
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
        let [groups, rows, columns] = shape;
        let padded_rows = groups * rows.next_multiple_of(PANEL_ROWS);
        let elements = padded_rows * columns.next_multiple_of(COLUMN_STEP);
        expect_elements(&name, &shape, "data", data.len(), elements)?;
        expect_elements(&name, &shape, "scales", scales.len(), padded_rows)?;
        expect_elements(&name, &shape, "sums", sums.len(), padded_rows)?;
        let [groups, rows, columns] = shape.map(|n| n as usize);
        let view = PanelsI8View { groups, rows, columns, data: &data, scales: &scales, sums: &sums };
        values::check_panels_i8(&name, &view)?;
        self.add(name, Packing::PanelsI8, &shape, length, Payload::PanelsI8 { data, scales, sums });
        Ok(())
    }

    /// Adds a matrix of `[groups, rows, columns]`, packed as [`Packing::PanelsI4`] says: multipliers from 0 to 15, and padding
    /// that stands for zero. Scales and sums as in [`add_panels_i8`](Self::add_panels_i8), of the unpacked weights.
    pub fn add_panels_i4(
        &mut self,
        name: impl Into<String>,
        shape: [u64; 3],
        codes: impl Into<Cow<'a, [u8]>>,
        multipliers: impl Into<Cow<'a, [u8]>>,
        scales: impl Into<Cow<'a, [f32]>>,
        sums: impl Into<Cow<'a, [i32]>>,
    ) -> Result<(), WriteError> {
        let (name, codes, multipliers) = (name.into(), codes.into(), multipliers.into());
        let (scales, sums) = (scales.into(), sums.into());
        let length = length(&name, Packing::PanelsI4, &shape)?;
        let [groups, rows, columns] = shape;
        let padded_rows = groups * rows.next_multiple_of(PANEL_ROWS);
        let elements = padded_rows * columns.next_multiple_of(GROUP_I4);
        expect_elements(&name, &shape, "codes", codes.len(), elements / 2)?;
        expect_elements(&name, &shape, "multipliers", multipliers.len(), elements / GROUP_I4)?;
        expect_elements(&name, &shape, "scales", scales.len(), padded_rows)?;
        expect_elements(&name, &shape, "sums", sums.len(), padded_rows)?;
        let [groups, rows, columns] = shape.map(|n| n as usize);
        let view = PanelsI4View {
            groups,
            rows,
            columns,
            codes: &codes,
            multipliers: &multipliers,
            scales: &scales,
            sums: &sums,
        };
        values::check_panels_i4(&name, &view)?;
        self.add(
            name,
            Packing::PanelsI4,
            &shape,
            length,
            Payload::PanelsI4 { codes, multipliers, scales, sums },
        );
        Ok(())
    }

    /// Writes the file: complete under `path`, or not at all. A file that stood there before is replaced at once and
    /// keeps its permissions; who has it open goes on reading the old one. What is no file, such as a pipe, is written
    /// to and stays what it is.
    pub fn finish(&self, path: &Path) -> Result<(), WriteError> {
        let layout = lay_out(&self.header)?;
        write_atomically(path, Readers::Umask, |file| self.write_to(&layout, file))
            .map_err(|cause| WriteError::Io { path: path.to_owned(), cause })
    }

    /// The file's bytes, for models that are embedded or sent on.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let layout = lay_out(&self.header)?;
        let mut bytes = Vec::with_capacity(layout.file_length as usize);
        self.write_to(&layout, &mut bytes)
            .map_err(|cause| WriteError::Io { path: "memory".into(), cause })?;
        Ok(bytes)
    }

    /// Adds a checked tensor; its offset is not known yet.
    fn add(&mut self, name: String, packing: Packing, shape: &[u64], length: u64, payload: Payload<'a>) {
        let mut crc = Hasher::new();
        payload.parts().into_iter().for_each(|part| crc.update(part));
        let (shape, crc32) = (shape.to_vec(), crc.finalize());
        self.header.tensors.push(TensorEntry { name, packing, shape, offset: 0, length, crc32 });
        self.payloads.push(payload);
    }

    fn write_to(&self, layout: &Layout, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&layout.prefix)?;
        let mut at = layout.prefix.len() as u64;
        for (payload, &offset) in self.payloads.iter().zip(&layout.offsets) {
            write_zeros(offset - at, out)?;
            at = offset;
            for part in payload.parts() {
                out.write_all(part)?;
                at += part.len() as u64;
            }
        }
        // Nothing is left to pad, unless there is no tensor.
        write_zeros(layout.file_length - at, out)
    }
}

/// Where everything goes.
struct Layout {
    /// All bytes up to the end of the header's checksum.
    prefix: Vec<u8>,
    /// First byte of every tensor.
    offsets: Vec<u64>,
    file_length: u64,
}

/// How long a file with this header is, in bytes. Its tensors need a name, a packing, a shape and a length; where they lie
/// and what their checksums are does not matter.
///
/// # Errors
/// There is no file with this header.
pub fn planned_length(header: &Header) -> Result<u64, WriteError> {
    Ok(lay_out(header)?.file_length)
}

/// Gives every tensor its place and encodes the header. What comes out is known to open: it has passed the reader's own
/// checks.
fn lay_out(header: &Header) -> Result<Layout, WriteError> {
    let mut header = header.clone();
    let mut first = FIRST_TENSOR;
    loop {
        let file_length = place(&mut header.tensors, first);
        let encoded = postcard::to_allocvec(&header).map_err(WriteError::Encode)?;
        if encoded.len() > MAX_HEADER as usize {
            let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
            return Err(FormatError::HeaderTooLong { length }.into());
        }
        // A header that needs more room moves the tensors; their larger offsets can lengthen it again, but it never becomes
        // shorter, so this ends.
        let needed = first_tensor(encoded.len());
        if needed > first {
            first = needed;
            continue;
        }
        check(&header, first, file_length)?;
        let offsets = header.tensors.iter().map(|entry| entry.offset).collect();
        return Ok(Layout { prefix: seal(&encoded), offsets, file_length });
    }
}

/// Places tensors one after another from `first` on; returns the end of the last.
fn place(table: &mut [TensorEntry], first: u64) -> u64 {
    table.iter_mut().fold(first, |end, entry| {
        entry.offset = end.next_multiple_of(ALIGNMENT);
        entry.offset + entry.length
    })
}

fn write_zeros(count: u64, out: &mut impl Write) -> io::Result<()> {
    io::copy(&mut io::repeat(0).take(count), out).map(drop)
}

/// Bytes of a tensor, which is also the check of its shape.
fn length(name: &str, packing: Packing, shape: &[u64]) -> Result<u64, FormatError> {
    packing.checked_length(shape).map_err(|cause| FormatError::Shape {
        name: name.to_owned(),
        packing,
        shape: shape.to_vec(),
        cause,
    })
}

/// Bytes of a tensor of f32 elements, of which `data` has the right number.
fn length_f32(name: &str, packing: Packing, shape: &[u64], data: &[f32]) -> Result<u64, WriteError> {
    let length = length(name, packing, shape)?;
    expect_elements(name, shape, "data", data.len(), length / size_of::<f32>() as u64)?;
    Ok(length)
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
