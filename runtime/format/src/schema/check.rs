//! The table of a file against the schema of its model: every tensor is there, none is left over, and each is stored as
//! its role asks.

use std::collections::{HashMap, HashSet};

use super::tree::Schema;
use crate::error::FormatError;
use crate::header::{Precision, TensorEntry};

/// Checks a table whose names are unique. The tensors may stand in any order.
pub(crate) fn check(schema: &Schema, table: &[TensorEntry], precision: Precision) -> Result<(), FormatError> {
    let entries: HashMap<&str, &TensorEntry> =
        table.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    for spec in schema.tensors() {
        let name = || spec.name.clone();
        let Some(entry) = entries.get(spec.name.as_str()) else {
            return Err(FormatError::MissingTensor { name: name(), shape: spec.shape.clone() });
        };
        if entry.shape != spec.shape {
            let (found, expected) = (entry.shape.clone(), spec.shape.clone());
            return Err(FormatError::TensorShape { name: name(), found, expected });
        }
        if !spec.role.allows(entry.packing, precision) {
            let (found, expected) = (entry.packing, spec.role.packing(precision));
            return Err(FormatError::TensorPacking { name: name(), found, expected, precision });
        }
    }
    if table.len() > schema.tensors().len() {
        let known: HashSet<&str> = schema.tensors().iter().map(|spec| spec.name.as_str()).collect();
        if let Some(entry) = table.iter().find(|entry| !known.contains(entry.name.as_str())) {
            return Err(FormatError::UnknownTensor { name: entry.name.clone() });
        }
    }
    Ok(())
}
