//! Every golden case of `tests/golden`: what the oracle makes of the checkpoint is what transformers made of it.
//! Loaders, canonical form and oracle are proved together.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "../../tests/support/tensors.rs"]
mod tensors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::Axis;
use wavlm_export::agreement;
use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::{Checkpoint, Wanted};
use wavlm_export::oracle::Oracle;

/// Largest error, relative to the tensor's largest value. The expected outputs are evaluated in f64; an f32
/// evaluation was found to stay within a tenth of this.
const TOLERANCE: f32 = 1e-4;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

fn index() -> Vec<serde_json::Value> {
    let text = std::fs::read(golden().join("cases").join("index.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn check(name: &str) {
    let folder = golden().join("cases").join(name);
    let checkpoint = Checkpoint::open(&folder, &Wanted::default()).unwrap_or_else(|error| panic!("{error}"));
    let model = CanonicalModel::from_checkpoint(checkpoint, None).unwrap();
    let oracle = Oracle::new(&model).with_attentions();

    let (input, masks) = tensors::read(&folder.join("input.safetensors"));
    let (expected, _) = tensors::read(&folder.join("expected.safetensors"));
    let batched = input["waveform"].ndim() == 2;
    let rows: Vec<_> = match batched {
        true => input["waveform"].outer_iter().collect(),
        false => vec![input["waveform"].view()],
    };
    for (row, waveform) in rows.into_iter().enumerate() {
        let mask = masks.get("attention_mask").and_then(|mask| mask.chunks_exact(waveform.len()).nth(row));
        let valid = mask.map(|mask| mask.iter().filter(|&&valid| valid == 1).count());
        let mut outputs = oracle.run(waveform.as_slice().unwrap(), valid).unwrap();
        let attentions = std::mem::take(&mut outputs.attentions);
        let mut found: BTreeMap<_, _> =
            outputs.into_tensors().into_iter().map(|output| (output.name, output.values)).collect();
        found.extend(attentions);
        for (tensor, expected) in expected.iter().filter(|(tensor, _)| *tensor != "stem") {
            let expected = if batched { expected.index_axis(Axis(0), row) } else { expected.view() };
            let error = agreement::measure(tensor, &found[tensor], &expected.to_owned()).max_rel;
            assert!(error < TOLERANCE, "{name}, row {row}: {tensor} is off by {error:.1e}");
        }
    }
}

#[test]
fn the_oracle_computes_what_transformers_does() {
    let cases = index();
    assert!(cases.len() > 30, "{} cases", cases.len());
    for case in cases {
        check(case["name"].as_str().unwrap());
    }
}
