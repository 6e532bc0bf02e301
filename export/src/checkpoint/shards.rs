//! Weights in several files, and the index that says which tensor lies where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use serde::Deserialize;

use super::error::{CheckpointError, ShardProblem};
use super::json;
use super::tensors::NamedTensors;

/// Every tensor that the index names, from the files beside it, each of which `read` reads.
pub(super) fn read(
    index: &Path,
    read: impl Fn(&Path) -> Result<NamedTensors, CheckpointError>,
) -> Result<NamedTensors, CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let fail = |problem: ShardProblem| CheckpointError::new(index, problem);

    let Index { weight_map } = json::read(index)?;
    let mut shards: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (tensor, shard) in weight_map {
        if !is_plain_name(&shard) {
            return Err(fail(ShardProblem::Name(shard)));
        }
        shards.entry(shard).or_default().insert(tensor);
    }
    let mut tensors = NamedTensors::default();
    for (shard, wanted) in shards {
        let mut found = read(&index.with_file_name(&shard))?;
        for tensor in wanted {
            if !found.move_to(&tensor, &mut tensors) {
                return Err(fail(ShardProblem::NotInShard { shard, tensor }));
            }
        }
    }
    Ok(tensors)
}

/// Whether `name` is one file name: no folder, no `..`, no root.
fn is_plain_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.contains('\\') && matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
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
