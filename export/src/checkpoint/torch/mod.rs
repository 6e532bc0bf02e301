//! Weights as `torch.save` writes them, in an archive or, before release 1.6, in one file of pickles and storages.

mod archive;
mod legacy;
mod pickle;
mod view;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use super::error::{Problem, TorchProblem};
use super::tensors::{Float, NamedTensors};
use archive::Archive;
use legacy::LegacyFile;
use pickle::{Element, Legacy, Saved, Storage, TensorView};
pub(crate) use pickle::{PARTS, Settings};
use view::gather;

/// What a file says before any number is read.
#[derive(Debug)]
pub(super) struct Contents {
    /// What lies under `cfg` beside the model.
    pub settings: Option<Settings>,
    /// What lies under `config` beside a `state_dict`.
    pub config: Option<Settings>,
    /// The names of all tensors.
    pub names: Vec<String>,
}

impl Contents {
    fn of(saved: Saved<'_>) -> Self {
        let names = saved.tensors.into_iter().map(|(name, _)| name.into_owned()).collect();
        Self { settings: saved.settings, config: saved.config, names }
    }
}

/// What the file at `path` says of itself.
pub(super) fn contents(path: &Path) -> Result<Contents, Problem> {
    if let Some(mut archive) = Archive::open(path)? {
        let pickle = archive.pickle()?;
        return Ok(Contents::of(pickle::saved(&pickle)?));
    }
    let bytes = legacy::beginning(path)?.ok_or(TorchProblem::NotTorch)?;
    Ok(Contents::of(Legacy::parse(&bytes)?.saved))
}

/// Every tensor of the file's state dict.
pub(super) fn read(path: &Path) -> Result<NamedTensors, Problem> {
    // Numbers take two bytes or more, so a file without shared storage holds half as many as this.
    let numbers = std::fs::metadata(path)?.len();
    if let Some(mut archive) = Archive::open(path)? {
        let pickle = archive.pickle()?;
        let tensors = pickle::saved(&pickle)?.tensors;
        return assemble(tensors, numbers, |storage, float| archive.storage(storage, float));
    }
    let bytes = legacy::beginning(path)?.ok_or(TorchProblem::NotTorch)?;
    let pickles = Legacy::parse(&bytes)?;
    let mut file = LegacyFile::open(path, &pickles)?;
    assemble(pickles.saved.tensors, numbers, |storage, float| file.storage(storage, float))
}

/// The tensors out of their storages, of which `read` gets the numbers. There must be at most `numbers_left` in all.
fn assemble(
    tensors: Vec<(Cow<'_, str>, TensorView<'_>)>,
    mut numbers_left: u64,
    mut read: impl FnMut(&Storage<'_>, Float) -> Result<Vec<f32>, Problem>,
) -> Result<NamedTensors, Problem> {
    let mut assembled = NamedTensors::default();
    // Tied tensors and slices of one tensor share a storage; each is read once.
    let mut storages = BTreeMap::new();
    for (name, view) in tensors {
        let float = match view.storage.element {
            Element::Float(float) => float,
            Element::Other { name: kind, .. } => {
                assembled.others.insert(name.into_owned(), kind.to_owned());
                continue;
            }
        };
        let count = view.shape.iter().fold(1_u64, |count, &size| count.saturating_mul(size as u64));
        numbers_left = numbers_left.checked_sub(count).ok_or(TorchProblem::Inflated)?;
        let values = match storages.entry((view.storage.key, float)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(read(&view.storage, float)?),
        };
        let tensor = gather(&view, values).ok_or_else(|| TorchProblem::Bounds(name.clone().into_owned()))?;
        assembled.floats.insert(name.into_owned(), tensor);
    }
    Ok(assembled)
}
