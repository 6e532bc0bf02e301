//! Checkpoints that differ from a golden one in what a test is about, made where it runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::program::repository;
use crate::tensors;

/// Named tensors.
pub type Tensors = BTreeMap<String, ArrayD<f32>>;

/// A copy of a golden checkpoint that can be changed and written anew. It goes when it is dropped.
#[derive(Debug)]
pub struct CheckpointCopy {
    folder: TempDir,
    /// `config.json`
    pub config: Value,
    /// The weights.
    pub tensors: Tensors,
}

impl CheckpointCopy {
    /// A copy of a case whose weights are one safetensors file of f32. Nothing but the preprocessor's file is written yet.
    ///
    /// # Panics
    /// If the case is another.
    pub fn of(case: &str) -> Self {
        let golden = repository().join("tests/golden/cases").join(case);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let preprocessor = "preprocessor_config.json";
        fs::copy(golden.join(preprocessor), folder.path().join(preprocessor)).expect("a copy");
        let config = fs::read(golden.join("config.json")).expect("a configuration");
        let config = serde_json::from_slice(&config).expect("JSON");
        let tensors = tensors::read(&golden.join("model.safetensors")).0;
        Self { folder, config, tensors }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes `config.json` and `model.safetensors`.
    pub fn save(&self) {
        self.write_json("config.json", &self.config);
        write_safetensors(&self.file("model.safetensors"), &self.tensors);
    }

    /// Writes a JSON file.
    ///
    /// # Panics
    /// If there is no room.
    pub fn write_json(&self, name: &str, value: &Value) {
        fs::write(self.file(name), value.to_string()).expect("room for a file");
    }

    /// Gives every tensor another name.
    pub fn rename(&mut self, rename: impl Fn(&str) -> String) {
        self.tensors = std::mem::take(&mut self.tensors)
            .into_iter()
            .map(|(name, values)| (rename(&name), values))
            .collect();
    }
}

/// Writes tensors as `safetensors` does.
///
/// # Panics
/// If there is no room.
pub fn write_safetensors(path: &Path, tensors: &Tensors) {
    let bytes: Vec<_> = tensors.iter().map(|(name, values)| (name, values.shape(), bytes(values))).collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("as many bytes as the shape says"))
    });
    safetensors::serialize_to_file(views, None, path).expect("room for a file");
}

/// Writes tensors as `torch.save` does; with `under`, in a dict that holds the state dict by that name, and an epoch.
///
/// # Panics
/// If there is no room.
pub fn write_torch(path: &Path, tensors: &Tensors, under: Option<&str>) {
    let mut pickle = b"\x80\x02}(".to_vec();
    if let Some(under) = under {
        text(&mut pickle, "epoch");
        number(&mut pickle, 3);
        text(&mut pickle, under);
        pickle.extend(b"}(");
    }
    for (key, (name, values)) in tensors.iter().enumerate() {
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &key.to_string());
        text(&mut pickle, "cpu");
        number(&mut pickle, values.len());
        pickle.extend(b"tQ");
        number(&mut pickle, 0);
        for sizes in [values.shape().to_vec(), values.strides().iter().map(|&n| n as usize).collect()] {
            pickle.push(b'(');
            sizes.into_iter().for_each(|size| number(&mut pickle, size));
            pickle.push(b't');
        }
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(if under.is_some() { &b"uu."[..] } else { b"u." });

    let mut zip = ZipWriter::new(fs::File::create(path).expect("room for a file"));
    let mut entry = |name: String, bytes: &[u8]| {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(name, stored).and_then(|()| Ok(zip.write_all(bytes)?)).expect("room for an entry");
    };
    entry("archive/data.pkl".to_owned(), &pickle);
    for (key, values) in tensors.values().enumerate() {
        entry(format!("archive/data/{key}"), &bytes(values));
    }
    zip.finish().expect("room for the end");
}

fn bytes(values: &ArrayD<f32>) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.bytes());
}

fn number(pickle: &mut Vec<u8>, number: usize) {
    pickle.push(b'J');
    pickle.extend((number as i32).to_le_bytes());
}
