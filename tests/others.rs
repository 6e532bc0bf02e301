//! Models as others than transformers save them: ONNX graphs of several exporters, and files of WavLM's authors. What they
//! compute is known from the golden cases that they were made of.

use std::fs;
use std::path::{Path, PathBuf};

use wavlm_export::agreement::measure;
use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::{Task, Wanted};
use wavlm_export::convert::{self, Source};
use wavlm_export::progress::Silent;
use wavlm_format::{HeadKind, Precision};
use wavlm_kernels::Kernels;
use wavlm_tests::{Case, assert_same, model_as, read_checkpoint, repository};

/// Largest difference to transformers' outputs, relative to a tensor's largest value: the project's bar.
const F32_RELATIVE: f32 = 1e-4;
/// The same for a graph whose weights were rounded to 16 bits.
const F16_RELATIVE: f32 = 1e-2;

fn others() -> PathBuf {
    repository().join("tests/golden/others")
}

/// The files with this ending, and the case of each.
fn files(ending: &str) -> Vec<(PathBuf, String)> {
    let entries =
        fs::read_dir(others()).expect("models of others").map(|entry| entry.expect("a file").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    files.sort();
    let case = |path: &Path| path.file_name()?.to_str()?.split('.').next().map(str::to_owned);
    files
        .into_iter()
        .map(|path| (case(&path).expect("the name of a case"), path))
        .map(|(case, path)| (path, case))
        .collect()
}

fn case_folder(case: &str) -> PathBuf {
    repository().join("tests/golden/cases").join(case)
}

/// The graph in a folder of its own, with what prepares the case's waveform beside it.
fn with_preprocessor(graph: &Path, case: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let name = graph.file_name().expect("a name");
    for file in
        [graph.to_owned(), graph.with_extension("data"), case_folder(case).join("preprocessor_config.json")]
    {
        if file.exists() {
            fs::copy(&file, folder.path().join(file.file_name().expect("a name"))).expect("a copy");
        }
    }
    let copy = folder.path().join(name);
    (folder, copy)
}

#[test]
fn graphs_of_every_exporter_compute_what_transformers_does() {
    let graphs: Vec<_> = files("onnx").into_iter().filter(|(_, case)| case != "other").collect();
    assert!(graphs.len() >= 9, "only {} graphs", graphs.len());
    for (path, name) in graphs {
        let (_folder, graph) = with_preprocessor(&path, &name);
        let case = Case::open(name.clone(), &repository().join("tests/golden/cases"));
        let task = name.starts_with("frame").then_some(Task::Frames);
        let outputs = case.run(&model_as(&graph, task, Precision::F32), Kernels::detect());
        let outputs = outputs.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let half = path.to_string_lossy().contains(".half.");
        for (tensor, expected) in case.compared() {
            let found = outputs.get(tensor).unwrap_or_else(|| panic!("{}: no {tensor}", path.display()));
            let apart = measure(tensor, found, expected).max_rel;
            let bar = if half { F16_RELATIVE } else { F32_RELATIVE };
            assert!(apart <= bar, "{}: {tensor} differs by {apart:e}", path.display());
        }
    }
}

#[test]
fn files_of_the_authors_are_the_same_models_as_those_of_transformers() {
    let files = files("pt");
    assert_eq!(files.len(), 3);
    for (path, case) in files {
        let theirs = read_checkpoint(&path, None).unwrap_or_else(|error| panic!("{error}"));
        assert_same(&theirs, &read_checkpoint(&case_folder(&case), None).expect("a golden case"));
        let (folder, _) = with_preprocessor(&path, &case);
        let found = read_checkpoint(folder.path(), None);
        assert_same(&found.unwrap_or_else(|error| panic!("in a folder: {error}")), &theirs);
    }
}

#[test]
fn heads_of_s3prl_are_those_of_transformers() {
    let files = files("ckpt");
    for (path, name) in files.iter().filter(|(_, case)| case != "other") {
        let theirs = read_checkpoint(&case_folder(name), None).expect("a golden case");
        let bare = read_checkpoint(&case_folder(name), Some(Task::None)).expect("its encoder");
        let sources = [case_folder(name), path.clone()].map(|folder| Source { name: None, folder });
        let mut found = read_heads(&sources);
        assert_eq!(found.encoder, bare.encoder);
        if name.starts_with("sequence") {
            let labels: Vec<String> = theirs.heads[0].kind.labels().to_vec();
            found.name_labels(&labels).expect("as many as there are outputs");
            let refusal = found.name_labels(&labels).expect_err("they have names").to_string();
            assert!(
                refusal.contains("5 labels") && refusal.contains("head `sequence` has 5 with names"),
                "{refusal}"
            );
        }
        if name.starts_with("xvector") {
            // Those of a head of s3prl have no texts.
            if let HeadKind::XVector { labels, .. } = &mut found.heads[0].kind {
                labels.clone_from_slice(theirs.heads[0].kind.labels());
            }
        }
        assert_same(&found, &theirs);
        let refusal = read_checkpoint(path, None).expect_err("a head alone");
        assert!(refusal.contains("--head") && refusal.contains("s3prl"), "{refusal}");
    }
    assert_eq!(files.len(), 4);
}

/// The encoder of the first without its head, and the heads of the others.
fn read_heads(sources: &[Source]) -> CanonicalModel {
    convert::read(sources, &Wanted::task(Some(Task::None)), &Silent).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn heads_that_no_head_here_is_like_are_refused() {
    let sources = [case_folder("frame-group"), others().join("other.recurrent.ckpt")];
    let sources = sources.map(|folder| Source { name: None, folder });
    let refusal =
        convert::read(&sources, &Wanted::task(Some(Task::None)), &Silent).expect_err("no head").to_string();
    assert!(refusal.contains("other.recurrent.ckpt: `Downstream.model.rnn.weight_ih_l0`"), "{refusal}");
}

#[test]
fn graphs_of_other_models_are_refused_in_one_line() {
    for (graph, why) in [
        ("other.wav2vec2.onnx", "no WavLM: it has no bias of relative positions in its attention"),
        ("other.image.onnx", "its input is no batch of waveforms"),
    ] {
        let refusal = read_checkpoint(&others().join(graph), None).expect_err("a refusal");
        assert!(refusal.contains(why), "{refusal}");
    }
}

#[test]
fn operators_that_nobody_here_knows_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.onnx");
    let graph = fs::read(others().join("frame-group.torch-18-optimised.onnx")).expect("a graph");
    for (known, unknown) in [("QuickGelu", "QuickGula"), ("com.microsoft", "com.macrosoft")] {
        let mut other = graph.clone();
        for at in 0..=graph.len() - known.len() {
            if graph[at..].starts_with(known.as_bytes()) {
                other[at..at + known.len()].copy_from_slice(unknown.as_bytes());
            }
        }
        fs::write(&path, other).expect("room");
        let refusal = read_checkpoint(&path, Some(Task::Frames)).expect_err("a refusal");
        assert!(refusal.contains(unknown) && refusal.contains("is an operator of `com.m"), "{refusal}");
    }
}

#[test]
fn damaged_graphs_are_refused_in_one_line() {
    for graph in ["base-selu.torch-16.onnx", "xvector-group.dynamo-optimised.onnx"] {
        damage(&fs::read(others().join(graph)).expect("a graph"));
    }
}

fn damage(whole: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.onnx");
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        fs::write(&path, &whole[..length]).expect("room");
        read_checkpoint(&path, None).expect_err("a refusal");
    }
    // Wrong bytes anywhere: a model or a refusal, and no panic.
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0x55;
        fs::write(&path, &damaged).expect("room");
        let _ = read_checkpoint(&path, None);
    }
}

#[test]
fn external_data_outside_the_folder_is_not_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).expect("a folder");
    let graph = inside.join("model.onnx");
    fs::copy(others().join("frame-group.half.onnx"), &graph).expect("a copy");
    let refusal = read_checkpoint(&graph, Some(Task::Frames)).expect_err("its data is missing");
    assert!(refusal.contains("cannot be read"), "{refusal}");
    let data = folder.path().join("elsewhere.data");
    fs::copy(others().join("frame-group.half.data"), &data).expect("a copy");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&data, inside.join("frame-group.half.data")).expect("a link");
    let refusal = read_checkpoint(&graph, Some(Task::Frames)).expect_err("its data lies outside");
    assert!(refusal.contains("outside the model directory"), "{refusal}");
    fs::remove_file(inside.join("frame-group.half.data")).expect("the link");
    fs::copy(&data, inside.join("frame-group.half.data")).expect("a copy");
    read_checkpoint(&graph, Some(Task::Frames)).expect("its data lies beside it");
}
