//! Tensors in safetensors files: what goes into a golden case, what comes out of it, and weights.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ndarray::ArrayD;
use safetensors::{Dtype, SafeTensors};

/// The f32 tensors and the i64 tensors of a safetensors file.
///
/// # Panics
/// If the file cannot be read or has tensors of other types.
pub fn read(path: &Path) -> (BTreeMap<String, ArrayD<f32>>, BTreeMap<String, Vec<i64>>) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let (mut floats, mut integers) = (BTreeMap::new(), BTreeMap::new());
    for (name, view) in tensors.iter() {
        let data = view.data();
        match view.dtype() {
            Dtype::F32 => {
                let values = data.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
                let array =
                    ArrayD::from_shape_vec(view.shape(), values).expect("as many values as the shape says");
                floats.insert(name.to_owned(), array);
            }
            Dtype::I64 => {
                let values = data.as_chunks::<8>().0.iter().map(|&b| i64::from_le_bytes(b)).collect();
                integers.insert(name.to_owned(), values);
            }
            other => panic!("{}: {name} has type {other:?}", path.display()),
        }
    }
    (floats, integers)
}
