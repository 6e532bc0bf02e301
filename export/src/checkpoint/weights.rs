//! The files that hold a checkpoint's weights.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{CheckpointError, Problem};
use super::tensors::NamedTensors;
use super::torch::{self, Contents};
use super::{safetensors, shards};

/// What Git puts in a file's place until `git lfs` fetches it.
const LFS: &[u8] = b"version https://git-lfs";

/// One file of weights, or the index of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    format: Format,
    sharded: bool,
    /// The file, or the index.
    pub path: PathBuf,
}

/// How weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Safetensors,
    Torch,
}

impl Weights {
    /// Names under which transformers saves a model, in the order in which it looks for them.
    const OF_A_MODEL: [&str; 4] = [
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ];

    /// Names under which PEFT saves an adapter.
    const OF_AN_ADAPTER: [&str; 2] = ["adapter_model.safetensors", "adapter_model.bin"];

    /// The weights of the model in a folder.
    pub fn of_model(folder: &Path) -> Option<Self> {
        Self::first_of(folder, &Self::OF_A_MODEL)
    }

    /// The weights of the adapter in a folder.
    pub fn of_adapter(folder: &Path) -> Option<Self> {
        Self::first_of(folder, &Self::OF_AN_ADAPTER)
    }

    fn first_of(folder: &Path, names: &[&str]) -> Option<Self> {
        let path = names.iter().map(|name| folder.join(name)).find(|path| path.exists())?;
        Self::of_file(&path)
    }

    /// What a file's name says that it is; `None` if that is not weights.
    pub fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let (stem, sharded) = match name.strip_suffix(".index.json") {
            Some(stem) => (stem, true),
            None => (name.as_str(), false),
        };
        let (_, extension) = stem.rsplit_once('.')?;
        let format = match extension {
            "safetensors" => Format::Safetensors,
            "bin" | "pt" | "pth" | "ckpt" => Format::Torch,
            _ => return None,
        };
        Some(Self { format, sharded, path: path.to_owned() })
    }

    /// Whether a file is called like a shard, `model-00001-of-00002.safetensors`.
    pub fn is_one_of_several(&self) -> bool {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let mut parts = stem.rsplit('-');
        let number = |part: Option<&str>| {
            part.is_some_and(|part| part.len() == 5 && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        number(parts.next()) && parts.next() == Some("of") && number(parts.next())
    }

    /// What one file of torch says of itself; `None` of anything else, and of what cannot be read.
    pub fn contents(&self) -> Option<Contents> {
        let one_of_torch = self.format == Format::Torch && !self.sharded;
        one_of_torch.then(|| torch::contents(&self.path).ok()).flatten()
    }

    /// Every tensor.
    pub fn read(&self) -> Result<NamedTensors, CheckpointError> {
        match self.sharded {
            true => shards::read(&self.path, |shard| read_file(shard, self.format)),
            false => read_file(&self.path, self.format),
        }
    }
}

fn read_file(path: &Path, format: Format) -> Result<NamedTensors, CheckpointError> {
    let fail = |problem: Problem| CheckpointError::new(path, problem);
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| fail(error.into()))?;
    file.take(LFS.len() as u64).read_to_end(&mut start).map_err(|error| fail(error.into()))?;
    if start == LFS {
        return Err(fail(Problem::LfsPointer));
    }
    match format {
        Format::Safetensors => safetensors::read(path).map_err(fail),
        Format::Torch => torch::read(path).map_err(fail),
    }
}
