//! Weights from `model.safetensors`, whole or in shards.
//!
//! Tensors are read one by one with seek and read rather than from a mapping: nothing here needs `unsafe`,
//! and a file that shrinks meanwhile is an error instead of a signal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use ndarray::{ArrayD, IxDyn};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;

use super::error::{CheckpointError, Problem, SafetensorsProblem};
use super::tensors::{Float, NamedTensors};

const LFS: &[u8] = b"version https://git-lfs";

/// Every tensor of one file.
pub(crate) fn read_file(path: &Path) -> Result<NamedTensors, CheckpointError> {
    let mut tensors = NamedTensors::default();
    read_into(path, None, &mut tensors).map_err(|problem| CheckpointError::new(path, problem))?;
    Ok(tensors)
}

/// Every tensor that `model.safetensors.index.json` names, from the shards beside it.
pub(crate) fn read_sharded(index: &Path) -> Result<NamedTensors, CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let fail = |problem: Problem| CheckpointError::new(index, problem);

    let text = std::fs::read(index).map_err(|e| fail(e.into()))?;
    let Index { weight_map } = serde_json::from_slice(&text).map_err(|e| fail(e.into()))?;
    let mut shards: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (tensor, shard) in weight_map {
        shards.entry(shard).or_default().insert(tensor);
    }

    let mut tensors = NamedTensors::default();
    for (shard, wanted) in &shards {
        if !is_plain_name(shard) {
            return Err(fail(SafetensorsProblem::ShardName(shard.clone()).into()));
        }
        let path = index.with_file_name(shard);
        read_into(&path, Some(wanted), &mut tensors)
            .map_err(|problem| CheckpointError::new(&path, problem))?;
        let absent =
            |name: &&String| !tensors.floats.contains_key(*name) && !tensors.others.contains_key(*name);
        if let Some(tensor) = wanted.iter().find(absent) {
            let (shard, tensor) = (shard.clone(), tensor.clone());
            return Err(fail(SafetensorsProblem::NotInShard { shard, tensor }.into()));
        }
    }
    Ok(tensors)
}

/// Whether `name` is one file name: no folder, no `..`, no root.
fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.contains('\\') && matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

/// Adds the tensors of one file, all or the wanted ones.
fn read_into(
    path: &Path,
    wanted: Option<&BTreeSet<String>>,
    tensors: &mut NamedTensors,
) -> Result<(), Problem> {
    let mut file = File::open(path)?;
    let (first_byte, metadata) = read_header(&mut file)?;
    for (name, info) in metadata.tensors() {
        if wanted.is_some_and(|wanted| !wanted.contains(&name)) {
            continue;
        }
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
    Ok(())
}

/// The header, and where the tensors begin. Checked: the tensors fill the rest of the file exactly.
fn read_header(file: &mut File) -> Result<(u64, Metadata), Problem> {
    let found = file.metadata()?.len();
    let mut start = [0; 32];
    let short = usize::try_from(found).unwrap_or(usize::MAX).min(start.len());
    file.read_exact(&mut start[..short])?;
    if start.starts_with(LFS) {
        return Err(SafetensorsProblem::LfsPointer.into());
    }
    let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = start;
    let header = u64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
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

#[cfg(test)]
mod tests {
    use super::is_plain_name;

    #[test]
    fn shards_stay_in_their_folder() {
        assert!(is_plain_name("model-00001-of-00002.safetensors"));
        for name in ["", ".", "..", "../x.safetensors", "/etc/passwd", "a/b", "a/../b", "..\\x"] {
            assert!(!is_plain_name(name), "{name}");
        }
    }
}
