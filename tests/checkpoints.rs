//! Checkpoints as users have them: read where transformers reads them, refused with the line that helps where not.

use std::fs;
use std::path::Path;

use ndarray::ArrayD;
use serde_json::{Value, json};
use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::Task;
use wavlm_format::{Activation, HeadKind};
use wavlm_tests::{CheckpointCopy, Tensors, assert_same, read_checkpoint, write_safetensors, write_torch};

const POSITIONAL: &str = "wavlm.encoder.pos_conv_embed.conv";

fn copy() -> CheckpointCopy {
    CheckpointCopy::of("batch-group-sequence")
}

fn read(copy: &CheckpointCopy) -> Result<CanonicalModel, String> {
    copy.save();
    read_checkpoint(copy.path(), None)
}

fn good() -> CanonicalModel {
    read(&copy()).expect("a good checkpoint")
}

/// The refusal of the path.
fn refusal(path: &Path) -> String {
    read_checkpoint(path, None).expect_err("a refusal")
}

#[test]
fn the_waveform_is_prepared_as_the_processor_of_transformers_5_says() {
    let copy = copy();
    copy.save();
    let own = fs::read(copy.file("preprocessor_config.json")).expect("a file");
    fs::remove_file(copy.file("preprocessor_config.json")).expect("a file");
    assert!(refusal(copy.path()).contains("nobody knows whether to normalise"));
    copy.write_json("processor_config.json", &json!({"processor_class": "Wav2Vec2Processor"}));
    assert!(refusal(copy.path()).contains("nobody knows whether to normalise"));
    copy.write_json("processor_config.json", &json!({"feature_extractor": {"do_normalize": true}}));
    assert!(read_checkpoint(copy.path(), None).expect("a good checkpoint").preprocessing.normalize);
    copy.write_json("processor_config.json", &json!({"feature_extractor": {"sampling_rate": 8000}}));
    assert!(refusal(copy.path()).contains("processor_config.json: sampling_rate is 8000"));

    fs::write(copy.file("preprocessor_config.json"), own).expect("room");
    copy.write_json("processor_config.json", &json!({"feature_extractor": {"do_normalize": false}}));
    assert_same(&read_checkpoint(copy.path(), None).expect("two files that agree"), &good());
    copy.write_json("processor_config.json", &json!({"feature_extractor": {"do_normalize": true}}));
    assert!(refusal(copy.path()).contains("disagrees with processor_config.json"));
}

#[test]
fn wrappers_around_names_are_taken_off() {
    let expected = good();
    for prefix in
        ["module.", "_orig_mod.", "model.", "_orig_mod.module.", "model._orig_mod.", "base_model.model."]
    {
        let mut copy = copy();
        copy.rename(|name| format!("{prefix}{name}"));
        assert_same(&read(&copy).unwrap_or_else(|error| panic!("{prefix}: {error}")), &expected);
    }
}

/// The tensors in two halves.
fn halves(tensors: &Tensors) -> [Tensors; 2] {
    let mut first = tensors.clone();
    let middle = first.keys().nth(first.len() / 2).cloned().expect("many tensors");
    let second = first.split_off(&middle);
    [first, second]
}

#[test]
fn weights_are_read_from_shards_and_single_files_of_both_kinds() {
    let expected = good();
    type Write = fn(&Path, &Tensors);
    let kinds: [(&str, &str, Write); 2] = [
        ("pytorch_model", "bin", |path, tensors| write_torch(path, tensors, None)),
        ("model", "safetensors", write_safetensors),
    ];
    for (stem, extension, write) in kinds {
        let copy = copy();
        copy.write_json("config.json", &copy.config);
        let mut map = serde_json::Map::new();
        for (i, half) in halves(&copy.tensors).iter().enumerate() {
            let file = format!("{stem}-0000{}-of-00002.{extension}", i + 1);
            write(&copy.file(&file), half);
            map.extend(half.keys().map(|name| (name.clone(), json!(file))));
        }
        let index = format!("{stem}.{extension}.index.json");
        copy.write_json(&index, &json!({"metadata": {}, "weight_map": map}));
        for path in [copy.path().to_owned(), copy.file(&index)] {
            assert_same(&read_checkpoint(&path, None).unwrap_or_else(|error| panic!("{error}")), &expected);
        }
        let message = refusal(&copy.file(&format!("{stem}-00001-of-00002.{extension}")));
        assert!(message.contains("one of several files"), "{message}");
        map.insert("classifier.weight".to_owned(), json!("../weights.bin"));
        copy.write_json(&index, &json!({"weight_map": map}));
        assert!(refusal(copy.path()).contains("`../weights.bin` is not a plain file name"));
        map.insert("classifier.weight".to_owned(), json!(format!("{stem}-00002-of-00002.{extension}")));
        copy.write_json(&index, &json!({"weight_map": map}));
        assert!(refusal(copy.path()).contains("lacks tensor `classifier.weight`"));

        let copy = self::copy();
        copy.write_json("config.json", &copy.config);
        let file = copy.file(&format!("best.{extension}"));
        write(&file, &copy.tensors);
        assert_same(&read_checkpoint(&file, None).unwrap_or_else(|error| panic!("{error}")), &expected);
        let message = refusal(copy.path());
        assert!(
            message.contains("no weights here") && message.contains(&format!("best.{extension}")),
            "{message}"
        );
        fs::remove_file(copy.file("config.json")).expect("a file");
        assert!(refusal(&file).contains("no config.json here"));
    }
}

#[test]
fn state_dicts_in_training_checkpoints_are_found() {
    let expected = good();
    let copy = copy();
    copy.write_json("config.json", &copy.config);
    let file = copy.file("pytorch_model.bin");
    for under in ["state_dict", "model_state_dict", "model"] {
        write_torch(&file, &copy.tensors, Some(under));
        assert_same(
            &read_checkpoint(copy.path(), None).unwrap_or_else(|error| panic!("{under}: {error}")),
            &expected,
        );
    }
    write_torch(&file, &copy.tensors, Some("weights_of_mine"));
    let message = refusal(copy.path());
    assert!(message.contains("holds no state dict but `epoch`, `weights_of_mine`"), "{message}");
}

/// A torch archive with this pickle and no storage.
fn archive(path: &Path, pickle: &[u8]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).expect("room"));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("x/data.pkl", stored).expect("room");
    std::io::Write::write_all(&mut zip, pickle).expect("room");
    zip.finish().expect("room");
}

#[test]
fn what_is_no_folder_of_transformers_is_told_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    for (path, words) in [
        (
            "microsoft/wavlm-base-plus-sv",
            &["hf download microsoft/wavlm-base-plus-sv --local-dir wavlm-base-plus-sv"][..],
        ),
        (
            "https://huggingface.co/microsoft/wavlm-large/tree/main",
            &["download microsoft/wavlm-large --local-dir wavlm-large"],
        ),
        ("wavlm-base", &["no such file or folder"]),
        ("./a/b", &["no such file or folder"]),
    ] {
        let message = refusal(Path::new(path));
        assert!(words.iter().all(|word| message.contains(word)) && message.starts_with(path), "{message}");
    }
    // {"cfg": {}, "model": {}}: settings as WavLM's authors save them, and nothing else.
    archive(&at("WavLM-Base.pt"), b"\x80\x02}(X\x03\0\0\0cfg}X\x05\0\0\0model}u.");
    for path in [folder.path().to_owned(), at("WavLM-Base.pt")] {
        assert!(refusal(&path).contains("no config.json here"));
    }
    fs::remove_file(at("WavLM-Base.pt")).expect("a file");
    for (name, word) in [
        ("model.onnx", "an ONNX file without a graph"),
        ("model.wlm", "a .wlm model already"),
        ("tf_model.h5", "TensorFlow"),
        ("flax_model.msgpack", "Flax"),
        ("notes.txt", "not a checkpoint"),
        ("README", "not a checkpoint"),
    ] {
        fs::write(at(name), "").expect("room");
        let message = refusal(&at(name));
        assert!(message.contains(word) && message.contains(name), "{message}");
    }
    assert!(refusal(folder.path()).contains("an ONNX file without a graph"));
    fs::remove_file(at("model.onnx")).expect("a file");
    assert!(
        refusal(folder.path()).ends_with("no config.json here; give the folder that save_pretrained wrote")
    );
    fs::create_dir_all(at("snapshots/0123abc")).expect("room");
    fs::write(at("snapshots/0123abc/config.json"), "{}").expect("room");
    assert!(refusal(folder.path()).contains("snapshots/0123abc"));
    fs::write(at("config.json"), "{}").expect("room");
    assert!(refusal(folder.path()).contains("weights of TensorFlow"));
    assert!(refusal(&at("config.json")).contains("weights of TensorFlow"));
}

#[test]
fn two_spellings_of_a_weight_must_agree() {
    let expected = good();
    let spelt = |copy: &CheckpointCopy, part: &str| copy.tensors[&format!("{POSITIONAL}.{part}")].clone();
    let mut copy = copy();
    let (g, v) = (
        spelt(&copy, "parametrizations.weight.original0"),
        spelt(&copy, "parametrizations.weight.original1"),
    );
    copy.tensors.insert(format!("{POSITIONAL}.weight_g"), g.clone());
    copy.tensors.insert(format!("{POSITIONAL}.weight_v"), v.mapv(|w| w * 2.0));
    assert_same(&read(&copy).expect("the same weight twice"), &expected);
    copy.tensors.insert(format!("{POSITIONAL}.weight_g"), g.mapv(|w| w * 1.01));
    let message = refusal_of(&copy);
    assert!(message.contains("weight_v` spell the same weight and differ"), "{message}");

    let mut copy = self::copy();
    copy.tensors.insert(format!("{POSITIONAL}.weight"), v);
    let message = refusal_of(&copy);
    assert!(message.contains(".conv.weight` spell the same weight and differ"), "{message}");

    let mut copy = self::copy();
    let bias = copy.tensors["classifier.bias"].clone();
    copy.tensors.insert("module.classifier.bias".to_owned(), bias.clone());
    assert_same(&read(&copy).expect("the same bias twice"), &expected);
    copy.tensors.insert("module.classifier.bias".to_owned(), -bias);
    let message = refusal_of(&copy);
    assert!(
        message.contains("`classifier.bias` and `module.classifier.bias` are the same one and differ"),
        "{message}"
    );
}

fn refusal_of(copy: &CheckpointCopy) -> String {
    read(copy).expect_err("a refusal")
}

#[test]
fn tensors_that_would_change_the_answer_are_not_left_out() {
    for tensor in [
        "wavlm.encoder.layers.2.layer_norm.weight",
        "wavlm.encoder.layers.1.attention.rel_attn_embed.weight",
        "wavlm.feature_extractor.conv_layers.0.conv.bias",
        "wavlm.adapter.layers.0.conv.weight",
        "attention_pooling.weight",
    ] {
        let mut copy = copy();
        copy.tensors.insert(tensor.to_owned(), ArrayD::zeros(vec![1]));
        let message = refusal_of(&copy);
        assert!(message.contains(&format!("tensor `{tensor}` is not part of the model")), "{message}");
    }
    let mut copy = copy();
    for tensor in [
        "quantizer.codevectors",
        "quantizer.weight_proj.weight",
        "project_q.bias",
        "project_hid.weight",
        "objective.weight",
        "loss_fct.weight",
        "wavlm.encoder.norm.num_batches_tracked",
        "wavlm.embeddings.position_ids",
    ] {
        copy.tensors.insert(tensor.to_owned(), ArrayD::from_elem(vec![3], f32::NAN));
    }
    assert_same(&read(&copy).expect("what training leaves behind"), &good());
}

#[test]
fn a_head_that_nobody_names_is_asked_for() {
    for architectures in [Value::Null, json!([]), json!(["WavLMModel"])] {
        let mut copy = copy();
        copy.config["architectures"] = architectures;
        let message = refusal_of(&copy);
        for word in ["`classifier.", "--task", "classify", "none to leave it out"] {
            assert!(message.contains(word), "{message}");
        }
        assert_same(&read_checkpoint(copy.path(), Some(Task::Classify)).expect("the head"), &good());
        assert!(read_checkpoint(copy.path(), Some(Task::None)).expect("the encoder").heads.is_empty());
    }
    let mut copy = copy();
    copy.tensors.insert("lm_head.weight".to_owned(), ArrayD::zeros(vec![4, 24]));
    assert!(refusal_of(&copy).contains("`lm_head.weight` belongs to a head"));
    assert_same(&read_checkpoint(copy.path(), Some(Task::Classify)).expect("the other head"), &good());
}

#[test]
fn weights_of_another_model_are_told() {
    let mut copy = copy();
    copy.rename(|name| format!("student.{name}"));
    let message = refusal_of(&copy);
    assert!(message.contains("no weights of a WavLM") && message.contains("`student."), "{message}");
}

/// The model with changes to its configuration.
fn configured(changes: Value) -> Result<CanonicalModel, String> {
    let mut copy = copy();
    for (key, value) in changes.as_object().expect("an object") {
        copy.config[key] = value.clone();
    }
    read(&copy)
}

#[test]
fn values_that_transformers_takes_are_taken() {
    let expected = good();
    for changes in [
        json!({"pad_token_id": null}),
        json!({"pad_token_id": -1, "vocab_size": null, "num_labels": null}),
        json!({"hidden_size": 24.0, "num_attention_heads": 3.0, "conv_dim": [12.0, 12, 20, 20.0, 20]}),
        json!({"add_adapter": null, "adapter_stride": null, "num_adapter_layers": null}),
        json!({"use_weighted_layer_sum": 0, "do_stable_layer_norm": null, "xvector_output_dim": null}),
        json!({"hidden_act": "gelu_python", "feat_extract_activation": "gelu_python"}),
    ] {
        assert_same(
            &configured(changes.clone()).unwrap_or_else(|error| panic!("{changes}: {error}")),
            &expected,
        );
    }
    for name in ["gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate", "gelu_new"] {
        let model = configured(json!({"hidden_act": name})).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(model.encoder.hidden_activation, Activation::GeluNew, "{name}");
    }
    let labels =
        configured(json!({"id2label": {"0": 10, "1": "b", "2": true, "3": 0.5, "4": -1}})).expect("labels");
    let HeadKind::Sequence { labels, .. } = &labels.heads[0].kind else { panic!("{:?}", labels.heads) };
    assert_eq!(labels, &["10", "b", "True", "0.5", "-1"]);
}

#[test]
fn numbers_as_python_writes_them_are_taken() {
    let copy = copy();
    copy.save();
    let mut text = copy.config.to_string();
    text.insert_str(1, "\"mask_time_prob\": NaN, \"a\": [Infinity, -Infinity, \"NaN\"],");
    fs::write(copy.file("config.json"), text).expect("room");
    assert_same(&read_checkpoint(copy.path(), None).expect("a good checkpoint"), &good());
}

#[test]
fn values_that_no_model_has_are_refused() {
    for (changes, message) in [
        (json!({"hidden_size": 24.5}), "not the JSON expected"),
        (json!({"hidden_size": null}), "not the JSON expected"),
        (json!({"add_adapter": "yes"}), "neither true nor false"),
        (json!({"id2label": {"0": null}}), "null is no label"),
        (json!({"classifier_proj_size": null}), "classifier_proj_size is null"),
        (json!({"architectures": ["WavLMForCTC"], "pad_token_id": null}), "pad_token_id is null"),
        (json!({"add_adapter": true, "adapter_stride": null}), "adapter_stride is null"),
        (json!({"hidden_act": "quick_gelu"}), "hidden_act is `quick_gelu`"),
        (json!({"num_buckets": 32, "max_bucket_distance": 8}), "max_bucket_distance is 8"),
    ] {
        let refusal = configured(changes).expect_err(message);
        assert!(refusal.contains(message), "{refusal}");
    }
}
