//! Models that transformers cannot build: pruned layer by layer, and with layers that share attention. What they compute is
//! known from a module of torch that agrees with transformers where layers are alike.

use std::fs;
use std::path::{Path, PathBuf};

use wavlm_export::agreement::measure;
use wavlm_format::Precision;
use wavlm_runtime::Outputs;
use wavlm_tests::{Case, Program, assert_same, model_as, read_checkpoint, repository, tables};

/// Largest difference of f32 outputs, relative to a tensor's largest value: the project's bar.
const F32_RELATIVE: f32 = 1e-4;
/// Cosine of int8 results on these small random models.
const INT8_COSINE: f32 = 0.99;

fn root() -> PathBuf {
    repository().join("tests/golden/compressed")
}

fn cases() -> Vec<Case> {
    let entries = fs::read_dir(root()).expect("compressed models").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let open = |name: std::ffi::OsString| Case::open(name.to_string_lossy().into_owned(), &root());
    let cases: Vec<Case> = folders.map(|folder| open(folder.file_name())).collect();
    assert_eq!(cases.len(), 6);
    cases
}

/// The file of a pruned model, or the folder of one that shares attention.
fn checkpoint(case: &Case) -> PathBuf {
    let file = case.folder.join("model.pth");
    if file.exists() { file } else { case.folder.clone() }
}

/// Compares every output, attention weights included.
fn compare(case: &Case, precision: Precision, found: &Outputs, is_good: impl Fn(f32, f32) -> bool) {
    for (name, expected) in case.compared() {
        let found = found.get(name).unwrap_or_else(|| panic!("{}: no output {name}", case.name));
        let apart = measure(name, found, expected);
        assert!(is_good(apart.max_rel, apart.cosine), "{} in {precision:?}: {name}: {apart:?}", case.name);
    }
}

#[test]
fn they_compute_what_torch_does_on_every_table() {
    for case in cases() {
        for kernels in tables() {
            let run = |precision| {
                let outputs = case.run(&model_as(&checkpoint(&case), None, precision), kernels);
                outputs.unwrap_or_else(|error| panic!("{}: {error}", case.name))
            };
            compare(&case, Precision::F32, &run(Precision::F32), |relative, _| relative <= F32_RELATIVE);
            compare(&case, Precision::Int8, &run(Precision::Int8), |_, cosine| cosine >= INT8_COSINE);
        }
    }
}

#[test]
fn a_pruned_model_is_the_same_in_both_namings() {
    for case in cases().iter().filter(|case| case.name.starts_with("pruned")) {
        let read = |path: &Path| read_checkpoint(path, None).unwrap_or_else(|error| panic!("{error}"));
        assert_same(&read(&checkpoint(case)), &read(&case.folder.join("transformers")));
    }
}

#[test]
fn a_model_of_which_nothing_was_pruned_is_a_plain_one() {
    let model = read_checkpoint(&root().join("pruned-nothing/model.pth"), None).expect("a model");
    assert!(model.encoder.layers.is_empty() && !model.encoder.stem_scale);
}

#[test]
fn the_exporter_verifies_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for case in cases() {
        let convert = Program::new("wavlm-export").args(["convert", "-o", "m.wlm", "--precision", "f32"]);
        let finished = convert.args([checkpoint(&case)]).within(folder.path()).run();
        assert_eq!(finished.status, Some(0), "{}: {}", case.name, finished.stderr);
    }
}

#[test]
fn relatives_of_wavlm_are_refused() {
    let refusal = read_checkpoint(&root().join("hubert.pth"), None).expect_err("no WavLM").to_string();
    assert!(refusal.contains("hubert.pth: ") && refusal.contains("HuBERT"), "{refusal}");
}
