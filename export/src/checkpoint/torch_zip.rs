//! Weights as `torch.save` writes them: a zip archive of raw storages, and a pickle that says which tensor lies where.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use zip::ZipArchive;
use zip::result::ZipError;

use super::error::{Problem, TorchProblem};
use super::pickle::{self, Element, MAX_PICKLE, Storage, TensorView};
use super::tensors::{Float, NamedTensors};

type Archive = ZipArchive<BufReader<File>>;

/// Every tensor of the archive's state dict.
pub(super) fn read(path: &Path) -> Result<NamedTensors, Problem> {
    // Numbers take two bytes or more, so a file without shared storage holds half as many as this.
    let mut numbers_left = std::fs::metadata(path)?.len();
    let (mut archive, folder) = open(path)?;
    if let Ok(order) = entry(&mut archive, &format!("{folder}byteorder"), Some(16))
        && order.trim_ascii() != b"little"
    {
        return Err(TorchProblem::ByteOrder(String::from_utf8_lossy(&order).trim().to_owned()).into());
    }
    let pickle = entry(&mut archive, &format!("{folder}data.pkl"), Some(MAX_PICKLE))?;

    let mut tensors = NamedTensors::default();
    // Tied tensors and slices of one tensor share a storage; each is read once.
    let mut storages = BTreeMap::new();
    for (name, view) in pickle::state_dict(&pickle)? {
        let float = match view.storage.element {
            Element::Float(float) => float,
            Element::Other(kind) => {
                tensors.others.insert(name.to_owned(), kind.to_owned());
                continue;
            }
        };
        let count = view.shape.iter().fold(1_u64, |count, &size| count.saturating_mul(size as u64));
        numbers_left = numbers_left.checked_sub(count).ok_or(TorchProblem::Inflated)?;
        let values = match storages.entry((view.storage.key, float)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(read_storage(&mut archive, &folder, &view.storage, float)?),
        };
        let tensor = gather(&view, values).ok_or_else(|| TorchProblem::Bounds(name.to_owned()))?;
        tensors.floats.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

/// Whether the archive is a checkpoint of WavLM's authors. One that cannot be read is nobody's.
pub(super) fn is_of_authors(path: &Path) -> bool {
    let pickle = open(path).and_then(|(mut archive, folder)| {
        entry(&mut archive, &format!("{folder}data.pkl"), Some(MAX_PICKLE))
    });
    pickle.is_ok_and(|pickle| matches!(pickle::state_dict(&pickle), Err(TorchProblem::Authors)))
}

/// The archive, and the folder in it that holds everything.
fn open(path: &Path) -> Result<(Archive, String), Problem> {
    let archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(|error| match error {
        ZipError::InvalidArchive(_) => TorchProblem::NotZip,
        other => other.into(),
    })?;
    let folder = archive_folder(&archive)?;
    Ok((archive, folder))
}

/// The folder that holds everything, with its slash; torch names it after the file.
fn archive_folder(archive: &Archive) -> Result<String, TorchProblem> {
    for name in archive.file_names() {
        if let Some(folder) = name?.strip_suffix("data.pkl")
            && folder.ends_with('/')
        {
            return Ok(folder.to_owned());
        }
    }
    Err(TorchProblem::NoEntry("data.pkl".to_owned()))
}

/// The bytes of one entry. Entries are stored, so an entry cannot be longer than the file.
fn entry(archive: &mut Archive, name: &str, limit: Option<u64>) -> Result<Vec<u8>, Problem> {
    let entry = archive.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => TorchProblem::NoEntry(name.to_owned()),
        other => other.into(),
    })?;
    if entry.compression() != zip::CompressionMethod::Stored {
        return Err(TorchProblem::Compressed(name.to_owned()).into());
    }
    if let Some(limit) = limit
        && entry.size() > limit
    {
        return Err(TorchProblem::PickleSize(entry.size()).into());
    }
    let mut bytes = Vec::new();
    let mut entry = entry;
    entry.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_storage(
    archive: &mut Archive,
    folder: &str,
    storage: &Storage<'_>,
    float: Float,
) -> Result<Vec<f32>, Problem> {
    let bytes = entry(archive, &format!("{folder}data/{}", storage.key), None)?;
    let expected = (storage.length as u64).saturating_mul(float.size() as u64);
    if bytes.len() as u64 != expected {
        let (key, found) = (storage.key.to_owned(), bytes.len() as u64);
        return Err(TorchProblem::Storage { key, found, expected }.into());
    }
    Ok(float.decode(&bytes))
}

/// The view's elements in row-major order; `None` if it reaches outside the storage or is larger than it,
/// as only an expanded view could be.
fn gather(view: &TensorView<'_>, storage: &[f32]) -> Option<ArrayD<f32>> {
    let count = view.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))?;
    if count > storage.len() || view.storage.length != storage.len() {
        return None;
    }
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        let reach =
            view.shape.iter().zip(&view.strides).try_fold(view.offset, |last, (&size, &stride)| {
                last.checked_add((size - 1).checked_mul(stride)?)
            })?;
        if reach >= storage.len() {
            return None;
        }
        let mut index = vec![0; view.shape.len()];
        let mut at = view.offset;
        'elements: loop {
            values.push(storage[at]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                // A dimension of size 1 may have any stride; what it adds is taken off again below.
                at = at.wrapping_add(view.strides[axis]);
                if index[axis] < view.shape[axis] {
                    continue 'elements;
                }
                at = at.wrapping_sub(view.strides[axis].wrapping_mul(view.shape[axis]));
                index[axis] = 0;
            }
            break;
        }
    }
    ArrayD::from_shape_vec(IxDyn(&view.shape), values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, shape: &[usize], strides: &[usize]) -> TensorView<'static> {
        let storage = Storage { key: "0", element: Element::Float(Float::F32), length: 6 };
        TensorView { storage, offset, shape: shape.to_vec(), strides: strides.to_vec() }
    }

    #[test]
    fn views_are_gathered_in_row_major_order() {
        let storage = [0., 1., 2., 3., 4., 5.];
        let gathered = |view| gather(&view, &storage).map(|tensor| tensor.into_raw_vec_and_offset().0);
        assert_eq!(gathered(view(0, &[2, 3], &[3, 1])).unwrap(), storage);
        assert_eq!(gathered(view(0, &[3, 2], &[1, 3])).unwrap(), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(gathered(view(4, &[2], &[1])).unwrap(), [4., 5.]);
        assert_eq!(gathered(view(5, &[], &[])).unwrap(), [5.]);
        assert_eq!(gathered(view(1, &[1, 2], &[usize::MAX, 1])).unwrap(), [1., 2.]);
        assert_eq!(gathered(view(0, &[0, 7], &[7, 1])).unwrap(), [0.; 0]);
    }

    #[test]
    fn views_outside_their_storage_are_refused() {
        let storage = [0.; 6];
        let views = [
            view(4, &[3], &[1]),
            view(6, &[], &[]),
            view(0, &[2, 3], &[4, 1]),
            view(0, &[2], &[usize::MAX]),
            view(usize::MAX, &[2], &[1]),
            view(0, &[usize::MAX, usize::MAX], &[0, 0]),
            view(0, &[7], &[0]),
        ];
        for view in views {
            assert_eq!(gather(&view, &storage), None, "{view:?}");
        }
    }
}
