//! What the user gave, and where the parts of the checkpoint lie: in the folder that `save_pretrained` wrote, beside a
//! file of weights, or, for an adapter, in its folder and in that of its base.

use std::path::{Path, PathBuf};

use super::error::{AdapterProblem, CheckpointError, Problem, SourceProblem};
use super::json_files::{CONFIG, JsonFiles};
use super::peft::AdapterConfig;
use super::torch::Contents;
use super::weights::Weights;
use super::{authors, graph_file, pruned, s3prl};

/// Folders inside that are looked into for a checkpoint, when a message names one.
const MAX_FOLDERS: usize = 1000;

/// Where a checkpoint lies, by who wrote it.
#[derive(Debug)]
pub(super) enum Source {
    /// transformers, or what saves like it.
    Transformers(Box<Folder>),
    /// WavLM's authors' program, or one around it: a file.
    Authors(Weights, Contents),
    /// A program that prunes models: a file.
    Pruned(Weights, Contents),
    /// s3prl, a head without its encoder: a file.
    Head(Weights),
    /// An exporter of ONNX: a file.
    Onnx(PathBuf),
}

/// The parts of a checkpoint of transformers.
#[derive(Debug)]
pub(super) struct Folder {
    pub json: JsonFiles,
    pub weights: Weights,
    pub adapter: Option<Adapter>,
}

/// An adapter to be merged into the weights.
#[derive(Debug)]
pub(super) struct Adapter {
    pub config: AdapterConfig,
    /// Its tensors; `None` if they lie among the weights.
    pub weights: Option<Weights>,
    /// Its `adapter_config.json`, for messages.
    pub path: PathBuf,
}

impl Source {
    /// Finds the parts of the checkpoint that `path` names.
    pub fn find(path: &Path) -> Result<Self, CheckpointError> {
        let fail = |problem: SourceProblem| CheckpointError::new(path, problem);
        if path.is_dir() {
            return match Folder::find(path) {
                Err(problem) => of_another(path).ok_or(problem),
                folder => folder.map(|folder| Self::Transformers(Box::new(folder))),
            };
        }
        if !path.exists() {
            return Err(fail(hub_id(path).unwrap_or(SourceProblem::Missing)));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if path.file_name().is_some_and(|name| name == CONFIG) {
            return Folder::find(folder).map(|folder| Self::Transformers(Box::new(folder)));
        }
        if graph_file::is_one(path) {
            return Ok(Self::Onnx(path.to_owned()));
        }
        let weights = Weights::of_file(path).ok_or_else(|| fail(other_file(path)))?;
        if weights.is_one_of_several() {
            return Err(fail(SourceProblem::Shard));
        }
        if let Some(source) = of_a_file(&weights) {
            return Ok(source);
        }
        if !folder.join(CONFIG).exists() {
            return Err(CheckpointError::new(folder, SourceProblem::NoConfig { folder: None }));
        }
        let adapter = Adapter::beside(folder)?;
        Ok(Self::Transformers(Box::new(Folder { json: JsonFiles::of(folder), weights, adapter })))
    }
}

impl Folder {
    fn find(folder: &Path) -> Result<Self, CheckpointError> {
        let adapter = Adapter::beside(folder)?;
        let fail = |problem: Problem| CheckpointError::new(folder, problem);
        match (Weights::of_model(folder), adapter) {
            (Some(weights), adapter) if folder.join(CONFIG).exists() => {
                Ok(Self { json: JsonFiles::of(folder), weights, adapter })
            }
            (None, Some(adapter)) => Self::of_adapter(folder, adapter),
            (_, _) if folder.join(CONFIG).exists() => Err(fail(no_weights(folder).into())),
            _ => Err(fail(no_config(folder).into())),
        }
    }

    /// An adapter over a base that is a folder on this machine.
    fn of_adapter(folder: &Path, mut adapter: Adapter) -> Result<Self, CheckpointError> {
        let fail = |problem: AdapterProblem| CheckpointError::new(folder, problem);
        adapter.weights = Weights::of_adapter(folder);
        if adapter.weights.is_none() {
            return Err(fail(AdapterProblem::NoWeights));
        }
        let name = adapter.config.base().unwrap_or_default();
        let mut bases = [PathBuf::from(name), folder.join(name)].into_iter();
        let base = bases.find(|base| !name.is_empty() && base.join(CONFIG).exists());
        let Some((base, weights)) =
            base.and_then(|base| Weights::of_model(&base).map(|weights| (base, weights)))
        else {
            let (base, folder) = (name.to_owned(), folder.display().to_string());
            return Err(fail(AdapterProblem::NoBase { base, folder }));
        };
        Ok(Self { json: JsonFiles::of_two(folder, base), weights, adapter: Some(adapter) })
    }
}

impl Adapter {
    /// The adapter whose configuration lies in a folder.
    fn beside(folder: &Path) -> Result<Option<Self>, CheckpointError> {
        let path = folder.join(AdapterConfig::FILE);
        let config = AdapterConfig::read(&path)?;
        Ok(config.map(|config| Self { config, weights: None, path }))
    }

    /// Whether the adapter's tensors lie in the folder of the model that was read.
    pub fn has_weights_beside(&self) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        self.weights.is_none() && Weights::of_adapter(folder).is_some()
    }
}

/// Whether a path looks like `owner/name` or the address of a model on huggingface.co.
fn hub_id(path: &Path) -> Option<SourceProblem> {
    let text = path.to_str()?;
    let id = match text.split_once("huggingface.co/") {
        Some((_, id)) => id.trim_end_matches('/'),
        None => text,
    };
    let mut parts = id.split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    let plain = |part: &str| {
        let first = part.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        first && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let is_id = plain(owner) && plain(name) && (parts.next().is_none() || id != text);
    is_id.then(|| SourceProblem::HubId { id: format!("{owner}/{name}"), folder: name.to_owned() })
}

/// What a file is that holds no weights by its name.
fn other_file(path: &Path) -> SourceProblem {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("wlm") => SourceProblem::Converted,
        Some("h5") => SourceProblem::TENSORFLOW,
        Some("msgpack") => SourceProblem::FLAX,
        _ => SourceProblem::NotWeights,
    }
}

fn no_weights(folder: &Path) -> SourceProblem {
    let mut files: Vec<String> = files(folder)
        .filter(|path| Weights::of_file(path).is_some())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    files.sort();
    let other = [("tf_model.h5", SourceProblem::TENSORFLOW), ("flax_model.msgpack", SourceProblem::FLAX)];
    let other = other.into_iter().find(|(name, _)| folder.join(name).exists());
    match other {
        Some((_, problem)) if files.is_empty() => problem,
        _ => SourceProblem::NoWeights { files },
    }
}

fn no_config(folder: &Path) -> SourceProblem {
    // The cache of the Hugging Face hub keeps every revision in a folder of its own.
    let inside = folders(folder).chain(folders(&folder.join("snapshots")));
    let mut inside: Vec<_> = inside.filter(|folder| folder.join(CONFIG).exists()).collect();
    inside.sort();
    SourceProblem::NoConfig { folder: inside.pop() }
}

/// The only file of a folder without transformers' weights that says by itself what it is.
fn of_another(folder: &Path) -> Option<Source> {
    let mut found = files(folder).filter_map(|path| match graph_file::is_one(&path) {
        true => Some(Source::Onnx(path)),
        false => of_a_file(&Weights::of_file(&path)?),
    });
    found.next().filter(|_| found.next().is_none())
}

/// The model in a file whose contents say by themselves what it is.
fn of_a_file(weights: &Weights) -> Option<Source> {
    let contents = weights.contents()?;
    let weights = weights.clone();
    if authors::wrote(&contents) {
        Some(Source::Authors(weights, contents))
    } else if pruned::wrote(&contents) {
        Some(Source::Pruned(weights, contents))
    } else {
        s3prl::wrote(&contents).then_some(Source::Head(weights))
    }
}

/// What lies in a folder; nothing if it cannot be listed, which is no reason to hide the first error.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(MAX_FOLDERS);
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    entries(folder).filter(|path| path.is_file())
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    entries(folder).filter(|path| path.is_dir())
}
