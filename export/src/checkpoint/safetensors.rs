//! Weights from a safetensors file.
//!
//! Tensors are read one by one with seek and read rather than from a mapping: nothing here needs `unsafe`,
//! and a file that shrinks meanwhile is an error instead of a signal.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::error::{Problem, SafetensorsProblem};
use super::tensors::{Float, NamedTensors};

/// Every tensor of one file.
pub(super) fn read(path: &Path) -> Result<NamedTensors, Problem> {
    let mut tensors = NamedTensors::default();
    let mut file = File::open(path)?;
    let (first_byte, metadata) = read_header(&mut file)?;
    for (name, info) in metadata.tensors() {
        match float(info.dtype) {
            Some(float) => {
                let values = read_tensor(&mut file, first_byte, info, float)?;
                tensors.floats.insert(name, values);
            }
            None => {
                tensors.others.insert(name, format!("{:?}", info.dtype));
            }
        }
    }
    Ok(tensors)
}

/// The header, and where the tensors begin. Checked: the tensors fill the rest of the file exactly.
fn read_header(file: &mut File) -> Result<(u64, Metadata), Problem> {
    let found = file.metadata()?.len();
    let mut start = [0; 8];
    let short = usize::try_from(found).unwrap_or(usize::MAX).min(start.len());
    file.read_exact(&mut start[..short])?;
    let header = u64::from_le_bytes(start);
    let first_byte = header.saturating_add(8);
    if first_byte > found {
        return Err(SafetensorsProblem::Length { found, expected: first_byte }.into());
    }

    let mut json = Vec::new();
    file.seek(SeekFrom::Start(8))?;
    file.take(header).read_to_end(&mut json)?;
    // Deserialising checks that tensors are contiguous and as long as their shapes say.
    let metadata: Metadata =
        serde_json::from_slice(&json).map_err(|e| SafetensorsProblem::Header(e.to_string()))?;
    let expected = first_byte.saturating_add(metadata.data_len() as u64);
    if found != expected {
        return Err(SafetensorsProblem::Length { found, expected }.into());
    }
    Ok((first_byte, metadata))
}

fn read_tensor(
    file: &mut File,
    first_byte: u64,
    info: &TensorInfo,
    float: Float,
) -> Result<ArrayD<f32>, Problem> {
    let (start, end) = info.data_offsets;
    let mut bytes = vec![0; end.saturating_sub(start)];
    file.seek(SeekFrom::Start(first_byte + start as u64))?;
    file.read_exact(&mut bytes)?;
    ArrayD::from_shape_vec(IxDyn(&info.shape), float.decode(&bytes))
        .map_err(|e| SafetensorsProblem::Header(e.to_string()).into())
}

fn float(dtype: Dtype) -> Option<Float> {
    match dtype {
        Dtype::F16 => Some(Float::F16),
        Dtype::BF16 => Some(Float::Bf16),
        Dtype::F32 => Some(Float::F32),
        Dtype::F64 => Some(Float::F64),
        _ => None,
    }
}
