//! Adapters that Hugging Face's PEFT trains beside a model's weights: merged into them where it is known how, refused
//! by name where not. Left out, they would leave the model as it was before it was fine-tuned.
//!
//! PEFT names its tensors after the layer that they adapt: `q_proj.lora_A.default.weight`, where `default` is the
//! adapter's name, which older releases and adapters' own files leave out. The layer's weight is then
//! `q_proj.base_layer.weight`, or `q_proj.weight` in older releases.

mod config;
mod lora;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use super::error::{AdapterProblem, Problem};
use super::tensors::NamedTensors;
use lora::Update;
use names::{LoraName, TrainedCopy};

pub(super) use config::AdapterConfig;

/// Merges the adapters among `tensors` into the weights, as `config` says. Returns whether there were any.
/// Nothing of PEFT is left among the tensors afterwards.
pub(super) fn merge(tensors: &mut NamedTensors, config: Option<&AdapterConfig>) -> Result<bool, Problem> {
    let is_adapter = |name: &&String| names::is_of_adapter(name);
    let example = tensors.names().find(is_adapter).map(|name| tensors.in_file(name).to_owned());
    let Some(example) = example else { return Ok(false) };
    let Some(config) = config else {
        return Err(match names::is_copy(&example) {
            true => AdapterProblem::Copy { tensor: example }.into(),
            false => AdapterProblem::Unmerged { tensor: example }.into(),
        });
    };
    config.check()?;
    unwrap_base_layers(tensors)?;
    let copies = put_copies_in_place(tensors, config)?;
    let updates = take_updates(tensors)?;
    if copies == 0 && updates.is_empty() {
        return Err(AdapterProblem::Unknown { tensor: example }.into());
    }
    for (module, update) in updates {
        update.apply(&module, tensors, config)?;
    }
    match tensors.names().find(is_adapter) {
        Some(left) => Err(AdapterProblem::Unknown { tensor: tensors.in_file(left).to_owned() }.into()),
        None => Ok(true),
    }
}

/// Adds the tensors of an adapter's own file: its parts, and trained copies of layers and biases, which take the place
/// of the base's.
pub(super) fn add(tensors: &mut NamedTensors, mut adapter: NamedTensors) -> Result<(), Problem> {
    unwrap_base_layers(tensors)?;
    unwrap_base_layers(&mut adapter)?;
    let names: Vec<_> = adapter.names().cloned().collect();
    for name in names {
        adapter.move_to(&name, tensors);
    }
    Ok(())
}

/// Gives the weights of adapted layers their own names again.
fn unwrap_base_layers(tensors: &mut NamedTensors) -> Result<(), Problem> {
    tensors.rename(|name| name.replace(".base_layer.", "."))
}

/// Puts trained copies of layers (`modules_to_save`) in the place of the layers, where the adapter's configuration names
/// them. Returns how many there are.
fn put_copies_in_place(tensors: &mut NamedTensors, config: &AdapterConfig) -> Result<usize, Problem> {
    let mut copies = BTreeMap::new();
    let mut adapters = BTreeSet::new();
    for name in tensors.floats.keys() {
        let Some(TrainedCopy { module, adapter, part }) = TrainedCopy::parse(name) else { continue };
        if !config.saves(module) {
            return Err(AdapterProblem::Copy { tensor: tensors.in_file(name).to_owned() }.into());
        }
        adapters.insert(adapter.to_owned());
        copies.insert(name.clone(), format!("{module}.{part}"));
    }
    only_one(&adapters)?;
    let count = copies.len();
    for (copy, name) in copies {
        if let Some(values) = tensors.floats.remove(&copy) {
            tensors.floats.insert(name, values);
        }
    }
    // What the copies have replaced.
    let original = |name: &String| name.contains(".original_module.");
    let originals: Vec<_> = tensors.floats.keys().filter(|name| original(name)).cloned().collect();
    for name in originals {
        let replaced = tensors.floats.contains_key(&name.replace(".original_module.", "."));
        if replaced {
            tensors.floats.remove(&name);
        }
    }
    Ok(count)
}

/// Takes the parts of every layer's adapter out of the tensors.
fn take_updates(tensors: &mut NamedTensors) -> Result<BTreeMap<String, Update>, Problem> {
    let mut updates: BTreeMap<String, Update> = BTreeMap::new();
    let mut adapters = BTreeSet::new();
    let names: Vec<_> = tensors.floats.keys().cloned().collect();
    for name in &names {
        let Some(LoraName { module, part, adapter }) = LoraName::parse(name) else { continue };
        adapters.extend(adapter.map(str::to_owned));
        if let Some(values) = tensors.floats.remove(name) {
            updates.entry(module.to_owned()).or_default().set(part, values);
        }
    }
    only_one(&adapters)?;
    Ok(updates)
}

fn only_one(adapters: &BTreeSet<String>) -> Result<(), AdapterProblem> {
    let mut names = adapters.iter().cloned();
    match (names.next(), names.next()) {
        (Some(first), Some(second)) => Err(AdapterProblem::Two { first, second }),
        _ => Ok(()),
    }
}
