//! The golden cases: small random checkpoints with what transformers makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD, Ix2};
use serde::Deserialize;
use wavlm_kernels::Kernels;
use wavlm_runtime::{Model, Outputs, SessionOptions};

use crate::program::repository;
use crate::tensors;

/// A folder that `tests/golden/make.py` wrote.
#[derive(Debug)]
pub struct Case {
    /// Folder name.
    pub name: String,
    /// The checkpoint.
    pub folder: PathBuf,
    /// Whether outputs have a batch dimension.
    pub batch: bool,
    /// `(batch, samples)`
    pub waveforms: Array2<f32>,
    /// Valid samples of each row, if the case has an attention mask.
    pub lengths: Option<Vec<usize>>,
    /// Outputs of transformers by name.
    pub expected: BTreeMap<String, ArrayD<f32>>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
}

/// Every case of the index.
///
/// # Panics
/// If a file is missing or is not what the script writes.
pub fn cases() -> Vec<Case> {
    let root = repository().join("tests/golden/cases");
    let index = fs::read_to_string(root.join("index.json")).expect("the index of golden cases");
    let rows: Vec<Row> = serde_json::from_str(&index).expect("rows of golden cases");
    rows.into_iter().map(|row| Case::open(row.name, &root)).collect()
}

impl Case {
    /// The case called `name` in `root`.
    ///
    /// # Panics
    /// If a file is missing or is not what the script writes.
    pub fn open(name: String, root: &Path) -> Case {
        let folder = root.join(&name);
        let (floats, masks) = tensors::read(&folder.join("input.safetensors"));
        let waveform = floats["waveform"].clone();
        let batch = waveform.ndim() == 2;
        let shape = if batch { waveform.shape().to_vec() } else { vec![1, waveform.len()] };
        let waveforms = waveform.into_shape_with_order(shape).expect("a waveform or a batch of them");
        let waveforms = waveforms.into_dimensionality::<Ix2>().expect("two axes");
        let lengths = masks.get("attention_mask").map(|mask| {
            let rows = mask.chunks_exact(waveforms.ncols());
            rows.map(|row| row.iter().filter(|&&valid| valid == 1).count()).collect()
        });
        let (expected, _) = tensors::read(&folder.join("expected.safetensors"));
        Case { name, folder, batch, waveforms, lengths, expected }
    }

    /// What `model` makes of the input.
    ///
    /// # Errors
    /// Those of a [`Session`](wavlm_runtime::Session).
    pub fn run(&self, model: &Model, kernels: &'static Kernels) -> Result<Outputs, wavlm_runtime::Error> {
        let options = SessionOptions {
            base: true,
            hidden_states: true,
            attentions: true,
            masked: self.lengths.is_some(),
            kernels,
            ..SessionOptions::default()
        };
        let mut session = model.session(&options)?;
        match self.waveforms.row(0).as_slice() {
            Some(waveform) if !self.batch => session.run(waveform),
            _ => session.run_batch(&self.waveforms, self.lengths.as_deref()),
        }
    }

    /// The outputs of transformers that a user can ask for, too; `stem` is there for debugging alone.
    pub fn compared(&self) -> impl Iterator<Item = (&String, &ArrayD<f32>)> {
        self.expected.iter().filter(|(name, _)| *name != "stem")
    }
}
