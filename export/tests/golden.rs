//! Every golden case of `tests/golden`: what the oracle makes of the checkpoint is what transformers made of it.
//! Loaders, canonical form and oracle are proved together.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use safetensors::{Dtype, SafeTensors};
use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::Checkpoint;
use wavlm_export::oracle::Oracle;

/// Largest error, relative to the tensor's largest value. The expected outputs are evaluated in f64; an f32
/// evaluation was found to stay within a tenth of this.
const TOLERANCE: f32 = 1e-4;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

fn index(of: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read(golden().join(of).join("index.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The f32 and i64 tensors of a file; integers as f32.
fn tensors(path: &Path) -> BTreeMap<String, ArrayD<f32>> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let decode = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        let values = match view.dtype() {
            Dtype::F32 => view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Dtype::I64 => view.data().as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as f32).collect(),
            other => panic!("{name} is {other:?}"),
        };
        (name, ArrayD::from_shape_vec(IxDyn(view.shape()), values).unwrap())
    };
    file.tensors().into_iter().map(decode).collect()
}

/// `max |a - b| / max |b|`
fn error(found: ArrayViewD<'_, f32>, expected: ArrayViewD<'_, f32>) -> f32 {
    let largest = expected.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
    let difference = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(!found.iter().any(|x| x.is_nan()));
    difference / largest
}

fn check(name: &str) {
    let folder = golden().join("cases").join(name);
    let checkpoint = Checkpoint::open(&folder, None).unwrap_or_else(|error| panic!("{error}"));
    let (model, unknown) = CanonicalModel::from_checkpoint(checkpoint, None).unwrap();
    assert!(unknown.is_empty(), "{name}: {unknown:?}");
    let oracle = Oracle::new(&model);

    let input = tensors(&folder.join("input.safetensors"));
    let expected = tensors(&folder.join("expected.safetensors"));
    let batched = input["waveform"].ndim() == 2;
    let rows: Vec<_> = match batched {
        true => input["waveform"].outer_iter().collect(),
        false => vec![input["waveform"].view()],
    };
    for (row, waveform) in rows.into_iter().enumerate() {
        let valid = input.get("attention_mask").map(|mask| mask.index_axis(Axis(0), row).sum() as usize);
        let outputs = oracle.run(waveform.as_slice().unwrap(), valid).unwrap();
        let mut found: BTreeMap<_, _> = outputs.tensors().map(|(_, name, values)| (name, values)).collect();
        found.extend((0..).map(|i| format!("attentions.{i}")).zip(&outputs.attentions));
        for (tensor, expected) in expected.iter().filter(|(tensor, _)| *tensor != "stem") {
            let expected = if batched { expected.index_axis(Axis(0), row) } else { expected.view() };
            let found = found[tensor];
            assert_eq!(found.shape(), expected.shape(), "{name}, row {row}: {tensor}");
            let error = error(found.view(), expected);
            assert!(error < TOLERANCE, "{name}, row {row}: {tensor} is off by {error:.1e}");
        }
    }
}

#[test]
fn the_oracle_computes_what_transformers_does() {
    let cases = index("cases");
    assert!(cases.len() > 30, "{} cases", cases.len());
    for case in cases {
        check(case["name"].as_str().unwrap());
    }
}

#[test]
fn hostile_checkpoints_are_refused_by_name() {
    let refusals = BTreeMap::from([
        ("os_system", "posix.system"),
        ("missing_tensor", "encoder.layers.0.attention.k_proj.weight"),
        ("misshapen_tensor", "shape (16, 15); expected (16, 16)"),
        ("unknown_hidden_act", "hidden_act is `wobble`"),
        ("truncated_safetensors", "bytes long where its header describes"),
        ("bin_not_zip", "not a zip archive"),
        ("lfs_pointer", "git lfs pull"),
    ]);
    for case in index("bad") {
        let name = case["name"].as_str().unwrap();
        let opened = Checkpoint::open(&golden().join("bad").join(name), None);
        let refusal = match opened {
            Err(error) => error.to_string(),
            Ok(checkpoint) => CanonicalModel::from_checkpoint(checkpoint, None).unwrap_err().to_string(),
        };
        assert!(refusal.contains(refusals[name]), "{name}: {refusal}");
        assert!(!refusal.contains('\n'), "{name}: {refusal}");
    }
    assert!(!Path::new("wavlm-edge-pwned").exists());
}
