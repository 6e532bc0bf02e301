//! Random checkpoints of the published architectures, as transformers would save a fresh model: for tests and
//! benchmarks where the trained weights cannot be had.
//!
//! Every tensor is drawn from its own generator, seeded by the seed and the tensor's name, so the same seed gives the
//! same encoder under every head.

mod architecture;
mod initial;
mod plan;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, View};
use serde_json::{Value, json};

use crate::checkpoint::{ConfigJson, ConfigProblem, Task};
pub use architecture::Architecture;
use plan::Planned;

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// There is something there already.
    #[error("{}: exists already; name a new folder", .0.display())]
    Exists(PathBuf),
    /// The operating system refused.
    #[error("{}: cannot be written: {cause}", path.display())]
    Write {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// The weights cannot be written.
    #[error("{}: cannot be written: {cause}", path.display())]
    Weights {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        cause: safetensors::SafeTensorError,
    },
    /// The combination of architecture and head does not exist.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
}

/// Writes a checkpoint of a published architecture, as [`write_configured`] says.
///
/// # Errors
/// The folder exists or cannot be made, or no such head can follow the architecture.
pub fn write(architecture: Architecture, head: Task, seed: u64, folder: &Path) -> Result<(), SynthError> {
    write_configured(&architecture.config(head), head, architecture.normalize(), seed, folder)
}

/// Writes a checkpoint of any configuration into a new folder: `config.json`, `preprocessor_config.json` and
/// `model.safetensors`. The folder appears when it is complete.
///
/// # Errors
/// The folder exists or cannot be made, or no model has this configuration and head.
pub fn write_configured(
    config_json: &Value,
    head: Task,
    normalize: bool,
    seed: u64,
    folder: &Path,
) -> Result<(), SynthError> {
    if folder.exists() {
        return Err(SynthError::Exists(folder.to_owned()));
    }
    let parsed: ConfigJson = serde_json::from_value(config_json.clone())
        .map_err(|cause| SynthError::Write { path: folder.to_owned(), cause: cause.into() })?;
    let tensors = plan::tensors(&parsed, head)?;

    let fail = |cause| SynthError::Write { path: folder.to_owned(), cause };
    let parent = folder.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let workshop = tempfile::tempdir_in(parent).map_err(fail)?;
    let unfinished = workshop.path().join("checkpoint");
    fs::create_dir(&unfinished).map_err(fail)?;
    let (config, weights) = (unfinished.join("config.json"), unfinished.join("model.safetensors"));
    write_json(&config, config_json).map_err(fail)?;
    let preprocessor = json!({
        "do_normalize": normalize,
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": normalize,
        "sampling_rate": 16000,
    });
    write_json(&unfinished.join("preprocessor_config.json"), &preprocessor).map_err(fail)?;
    let views = tensors.into_iter().map(|tensor| (tensor.name.clone(), Drawn { tensor, seed }));
    let metadata = Some([("format".to_owned(), "pt".to_owned())].into());
    safetensors::serialize_to_file(views, metadata, &weights)
        .map_err(|cause| SynthError::Weights { path: folder.to_owned(), cause })?;
    // safetensors lets nobody but the owner read what it writes.
    let permissions =
        fs::metadata(&config).and_then(|config| fs::set_permissions(&weights, config.permissions()));
    permissions.map_err(fail)?;
    fs::rename(&unfinished, folder).map_err(fail)
}

fn write_json(path: &Path, value: &Value) -> io::Result<()> {
    fs::write(path, format!("{value:#}\n"))
}

/// A tensor that is drawn when it is written, so that no more than one is in memory.
struct Drawn {
    tensor: Planned,
    seed: u64,
}

impl View for Drawn {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = initial::draw(&self.tensor, self.seed);
        values.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        4 * self.tensor.shape.iter().product::<usize>()
    }
}
