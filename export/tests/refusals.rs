//! One test for each way in which a checkpoint's JSON and safetensors files are refused.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::Path;

use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;
use wavlm_export::checkpoint::{Checkpoint, Task, Wanted};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The message with which a checkpoint of this configuration, and otherwise nothing wrong, is refused.
fn refused(files: &[(&str, &str)], task: Option<Task>) -> String {
    let folder = folder(files);
    write_weights(folder.path(), "model.safetensors", &["w"]);
    let error = Checkpoint::open(folder.path(), &Wanted::task(task)).unwrap_err().to_string();
    assert!(error.starts_with(folder.path().to_str().unwrap()), "{error}");
    assert!(!error.contains('\n'), "{error}");
    error
}

fn refused_config(config: &str) -> String {
    let refusal = refused(&[("config.json", config), ("preprocessor_config.json", "{}")], None);
    assert!(refusal.contains("config.json"), "{refusal}");
    refusal
}

/// A safetensors file with one f32 in each of these tensors.
fn write_weights(folder: &Path, file: &str, names: &[&str]) {
    let bytes = 1.0_f32.to_le_bytes();
    let tensors = names.iter().map(|name| (*name, TensorView::new(Dtype::F32, vec![1], &bytes).unwrap()));
    safetensors::serialize_to_file(tensors, None, &folder.join(file)).unwrap();
}

#[test]
fn configurations_that_describe_no_model() {
    for (config, message) in [
        ("", "not the JSON expected"),
        ("{\"hidden_size\": -3}", "not the JSON expected"),
        ("{\"hidden_size\": 1e99}", "not the JSON expected"),
        ("{\"model_type\": \"hubert\"}", "model_type is `hubert`"),
        (
            "{\"architectures\": [\"WavLMForCats\"]}",
            "`WavLMForCats` is unknown; say which head to export with --task",
        ),
        ("{\"hidden_act\": \"gelu_10\"}", "hidden_act is `gelu_10`; known are gelu"),
        ("{\"feat_extract_activation\": \"mish\"}", "feat_extract_activation is `mish`"),
        ("{\"feat_extract_norm\": \"batch\"}", "feat_extract_norm is `batch`"),
        ("{\"conv_dim\": [512]}", "conv_dim, conv_kernel and conv_stride have different lengths: [1, 7, 7]"),
        ("{\"conv_dim\": [], \"conv_kernel\": [], \"conv_stride\": []}", "stem"),
        ("{\"hidden_size\": 0}", "hidden_size"),
        ("{\"num_attention_heads\": 5}", "num_heads"),
        ("{\"num_conv_pos_embedding_groups\": 0}", "positional_groups"),
        ("{\"num_hidden_layers\": 0}", "num_layers"),
        ("{\"num_buckets\": 3}", "num_buckets"),
        ("{\"max_bucket_distance\": 80}", "max_bucket_distance"),
        ("{\"layer_norm_eps\": 0}", "layer_norm_eps"),
    ] {
        let refusal = refused_config(config);
        assert!(refusal.contains(message), "{config}: {refusal}");
    }
}

#[test]
fn heads_that_cannot_be() {
    for (config, message) in [
        (
            "{\"architectures\": [\"WavLMForXVector\"], \"tdnn_dim\": [4, 4]}",
            "tdnn_dim, tdnn_kernel and tdnn_dilation have different lengths: [2, 5, 5]",
        ),
        (
            "{\"architectures\": [\"WavLMForCTC\"], \"vocab_size\": 4000000000}",
            "vocab_size is 4000000000; at most",
        ),
        ("{\"architectures\": [\"WavLMForXVector\"], \"xvector_output_dim\": 4000000000}", "at most"),
        (
            "{\"architectures\": [\"WavLMForSequenceClassification\"], \"id2label\": {\"0\": \"a\", \"2\": \"b\"}}",
            "id2label has 2 labels but none numbered 1",
        ),
        (
            "{\"architectures\": [\"WavLMForAudioFrameClassification\"], \"add_adapter\": true}",
            "a frame head cannot follow an adapter",
        ),
    ] {
        let refusal = refused_config(config);
        assert!(refusal.contains(message), "{config}: {refusal}");
    }
}

#[test]
fn files_beside_the_configuration() {
    let config = ("config.json", "{}");
    let preprocessor = ("preprocessor_config.json", "{}");
    for (files, task, message) in [
        (&[("vocab.json", "{}")][..], None, "no config.json here"),
        (&[config], None, "write {\"do_normalize\": false} for WavLM Base"),
        (&[config, ("preprocessor_config.json", "{\"sampling_rate\": 8000}")], None, "sampling_rate is 8000"),
        (&[config, preprocessor, ("vocab.json", "[]")], Some(Task::Ctc), "vocab.json: not the JSON expected"),
        (&[config, preprocessor, ("decision.json", "{}")], Some(Task::Classify), "missing field `threshold`"),
    ] {
        let refusal = refused(files, task);
        assert!(refusal.contains(message), "{files:?}: {refusal}");
    }
}

/// The message with which a good configuration with these weights is refused.
fn refused_weights(write: impl FnOnce(&Path)) -> String {
    let folder = folder(&[("config.json", "{}"), ("preprocessor_config.json", "{}")]);
    write(folder.path());
    Checkpoint::open(folder.path(), &Wanted::default()).unwrap_err().to_string()
}

#[test]
fn weights_that_are_none() {
    let refusal = refused_weights(|_| ());
    assert!(refusal.contains("no weights here; expected model.safetensors"), "{refusal}");
    for (bytes, message) in [
        (&b""[..], "0 bytes long where its header describes 8"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff", "8 bytes long where its header describes"),
        (b"\x02\0\0\0\0\0\0\0[]", "damaged safetensors header"),
        (b"\x02\0\0\0\0\0\0\0{}more", "14 bytes long where its header describes 10"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull"),
    ] {
        let refusal =
            refused_weights(|folder| std::fs::write(folder.join("model.safetensors"), bytes).unwrap());
        assert!(refusal.contains("model.safetensors: ") && refusal.contains(message), "{refusal}");
    }
}

#[test]
fn shards_outside_the_folder_or_incomplete() {
    for (index, message) in [
        ("{}", "missing field `weight_map`"),
        (
            "{\"weight_map\": {\"w\": \"../model.safetensors\"}}",
            "shard `../model.safetensors` is not a plain file name",
        ),
        ("{\"weight_map\": {\"w\": \"/etc/passwd\"}}", "is not a plain file name"),
        ("{\"weight_map\": {\"w\": \"absent.safetensors\"}}", "absent.safetensors: cannot be read"),
        ("{\"weight_map\": {\"v\": \"a.safetensors\"}}", "shard `a.safetensors` lacks tensor `v`"),
    ] {
        let refusal = refused_weights(|folder| {
            write_weights(folder, "a.safetensors", &["w"]);
            std::fs::write(folder.join("model.safetensors.index.json"), index).unwrap();
        });
        assert!(refusal.contains(message), "{index}: {refusal}");
    }
}

proptest! {
    #[test]
    fn no_safetensors_file_makes_the_reader_panic(
        header in r#"\{("[a-z]":\{"dtype":"(F32|BF16|I64)","shape":\[[0-9]{1,20}(,[0-9]{1,20})?\],"data_offsets":\[0,[0-9]{1,20}\]\})?\}"#,
        data in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let folder = folder(&[("config.json", "{}"), ("preprocessor_config.json", "{}")]);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        let _ = Checkpoint::open(folder.path(), &Wanted::default());
    }
}
