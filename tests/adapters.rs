//! Checkpoints fine-tuned with PEFT: adapters are merged as PEFT merges them, or refused by name; they are never left
//! out.

use ndarray::{Array, ArrayD, Axis, Ix2, IxDyn};
use serde_json::{Value, json};
use wavlm_export::canonical::CanonicalModel;
use wavlm_tests::{CheckpointCopy, Tensors, assert_same, read_checkpoint, write_safetensors};

const QUERY: &str = "wavlm.encoder.layers.0.attention.q_proj";
const VALUE: &str = "wavlm.encoder.layers.1.attention.v_proj";
const CONV: &str = "wavlm.feature_extractor.conv_layers.2.conv";
const TABLE: &str = "wavlm.encoder.layers.0.attention.rel_attn_embed";

fn copy() -> CheckpointCopy {
    CheckpointCopy::of("batch-group-sequence")
}

/// Values without a pattern that a mistake in shapes or order could hide behind.
fn noise(shape: &[usize], seed: u32) -> ArrayD<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    Array::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    })
}

/// `b a` of two matrices.
fn product(b: &ArrayD<f32>, a: &ArrayD<f32>) -> ArrayD<f32> {
    let [b, a] = [b, a].map(|m| m.view().into_dimensionality::<Ix2>().expect("a matrix"));
    b.dot(&a).into_dyn()
}

/// The parts of an adapter of rank 4 for a query, under names that end as given.
fn parts(suffix: &str) -> Tensors {
    [
        (format!("{QUERY}.lora_A{suffix}"), noise(&[4, 24], 1)),
        (format!("{QUERY}.lora_B{suffix}"), noise(&[24, 4], 2)),
    ]
    .into()
}

fn config() -> Value {
    json!({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none",
           "lora_dropout": 0.1, "use_rslora": false, "rank_pattern": {}, "alpha_pattern": {}, "init_lora_weights": true,
           "fan_in_fan_out": true, "base_model_name_or_path": "microsoft/wavlm-base", "inference_mode": true,
           "modules_to_save": null, "megatron_core": "megatron.core", "loftq_config": {}, "runtime_config": {"a": 1}})
}

fn with(config: &Value, changes: Value) -> Value {
    let mut config = config.clone();
    for (key, value) in changes.as_object().expect("an object") {
        config[key] = value.clone();
    }
    config
}

fn read(copy: &CheckpointCopy) -> Result<CanonicalModel, String> {
    copy.save();
    read_checkpoint(copy.path(), None)
}

/// Asserts that two models are the same but for rounding.
fn assert_close(found: &CanonicalModel, expected: &CanonicalModel) {
    for (found, expected) in found.tensors.iter().zip(expected.tensors.iter()) {
        let far = found.values.iter().zip(&expected.values).any(|(a, b)| (a - b).abs() > 1e-5);
        assert!(!far, "{} differs", found.name);
    }
}

/// The checkpoint whose query has `scale` times the product added to it.
fn merged_by_hand(scale: f32) -> CanonicalModel {
    let mut copy = copy();
    let parts = parts("");
    let weight = copy.tensors.get_mut(&format!("{QUERY}.weight")).expect("a weight");
    weight
        .scaled_add(scale, &product(&parts[&format!("{QUERY}.lora_B")], &parts[&format!("{QUERY}.lora_A")]));
    read(&copy).expect("a good checkpoint")
}

#[test]
fn adapters_without_a_configuration_are_refused_by_name() {
    for tensor in [
        "encoder.layers.0.attention.q_proj.lora_A.weight",
        "encoder.layers.0.attention.q_proj.lora_A.default.weight",
        "wavlm.encoder.layers.0.attention.rel_attn_embed.lora_embedding_A.default",
        "wavlm.encoder.layers.0.attention.rel_attn_embed.lora_embedding_B",
        "wavlm.encoder.layers.0.attention.q_proj.lora_magnitude_vector.default.weight",
        "wavlm.encoder.layers.0.attention.q_proj.lora_E.default",
        "wavlm.encoder.layers.0.attention.q_proj.ia3_l.default",
        "wavlm.encoder.layers.0.attention.q_proj.hada_w1_a.default",
        "wavlm.encoder.layers.0.attention.q_proj.oft_R.default.weight",
        "wavlm.encoder.layers.0.attention.q_proj.vera_lambda_b.default",
        "wavlm.encoder.layers.0.attention.q_proj.base_layer.weight",
        "base_model.model.wavlm.encoder.layers.0.attention.q_proj.lora_B.words.weight",
    ] {
        let mut copy = copy();
        copy.tensors.insert(tensor.to_owned(), noise(&[4, 24], 1));
        let refusal = read(&copy).expect_err(tensor);
        let expected = ["merge_and_unload()", tensor].map(|word| refusal.contains(word));
        assert_eq!(expected, [true; 2], "{refusal}");
    }
}

#[test]
fn every_naming_is_merged() {
    let expected = merged_by_hand(2.0);
    for (suffix, prefix, wrapped) in [
        (".weight", "", false),
        (".default.weight", "", false),
        (".default.weight", "", true),
        (".words.weight", "base_model.model.", true),
        (".default.weight", "module._orig_mod.base_model.model.", true),
    ] {
        let mut copy = copy();
        copy.tensors.extend(parts(suffix));
        if wrapped {
            copy.rename(|name| match name.strip_prefix(QUERY) {
                Some(part @ (".weight" | ".bias")) => format!("{QUERY}.base_layer{part}"),
                _ => name.to_owned(),
            });
        }
        copy.rename(|name| format!("{prefix}{name}"));
        copy.write_json("adapter_config.json", &config());
        let merged = read(&copy).unwrap_or_else(|error| panic!("{prefix}…{suffix}: {error}"));
        assert_close(&merged, &expected);
    }
}

#[test]
fn rank_and_strength_are_those_of_the_configuration() {
    for (changes, scale) in [
        (json!({"lora_alpha": 6}), 1.5),
        (json!({"use_rslora": true}), 4.0),
        (json!({"r": 8, "rank_pattern": {"layers.0.attention.q_proj": 4}}), 2.0),
        (json!({"alpha_pattern": {"q_proj": 4, "k_proj": 100}}), 1.0),
        (json!({"alpha_pattern": {"wavlm.encoder.layers.0.attention.q_proj": 2}}), 0.5),
        (json!({"lora_alpha": 8.0, "use_dora": false, "layers_to_transform": [0], "bias": "all"}), 2.0),
    ] {
        let mut copy = copy();
        copy.tensors.extend(parts(".default.weight"));
        copy.write_json("adapter_config.json", &with(&config(), changes.clone()));
        let merged = read(&copy).unwrap_or_else(|error| panic!("{changes}: {error}"));
        assert_close(&merged, &merged_by_hand(scale));
    }
}

#[test]
fn what_cannot_be_merged_is_refused() {
    for (changes, message) in [
        (json!({"peft_type": "IA3"}), "peft_type is `IA3`"),
        (json!({"r": 8}), "has rank 4, adapter_config.json says 8"),
        (json!({"r": null}), "`r` is missing"),
        (json!({"lora_alpha": null}), "`lora_alpha` is missing"),
        (json!({"use_qalora": true}), "`use_qalora` is set"),
        (json!({"alora_invocation_tokens": [1, 2]}), "`alora_invocation_tokens` is set"),
        (json!({"something_new": 0.5}), "`something_new` is set"),
        (json!({"init_lora_weights": "pissa"}), "`init_lora_weights: pissa` is set"),
        (json!({"rank_pattern": {"layers\\.[0-9]+": 4}}), "`rank_pattern` names"),
        (json!({"alpha_pattern": {"q_proj": 4, "attention.q_proj": 8}}), "`alpha_pattern` names"),
    ] {
        let mut copy = copy();
        copy.tensors.extend(parts(".default.weight"));
        copy.write_json("adapter_config.json", &with(&config(), changes));
        let refusal = read(&copy).expect_err(message);
        assert!(refusal.contains(message) && refusal.contains("adapter_config.json: "), "{refusal}");
    }
}

#[test]
fn adapters_that_do_not_fit_are_refused() {
    let a = format!("{QUERY}.lora_A.default.weight");
    let b = format!("{QUERY}.lora_B.default.weight");
    for (change, message) in [
        (
            Box::new(|tensors: &mut Tensors| drop(tensors.remove(&b))) as Box<dyn Fn(&mut Tensors)>,
            "lacks its lora_B",
        ),
        (Box::new(|tensors| drop(tensors.remove(&a))), "lacks its lora_A"),
        (Box::new(|tensors| drop(tensors.insert(a.clone(), noise(&[4, 23], 1)))), "other shapes"),
        (Box::new(|tensors| drop(tensors.insert(a.clone(), noise(&[], 1)))), "other shapes"),
        (
            Box::new(|tensors| drop(tensors.remove(&format!("{QUERY}.weight")))),
            "lacks its base layer's weight",
        ),
        (
            Box::new(|tensors| {
                drop(tensors.insert(format!("{VALUE}.lora_A.other.weight"), noise(&[4, 24], 1)))
            }),
            "adapters `default` and `other`",
        ),
        (
            Box::new(|tensors| drop(tensors.insert(format!("{QUERY}.lora_E.default"), noise(&[4, 1], 1)))),
            "lora_E.default` is part of a PEFT adapter that cannot be merged here",
        ),
        (
            Box::new(|tensors| drop(tensors.insert("classifier.token_adapter.x".to_owned(), noise(&[4], 1)))),
            "token_adapter.x` is part of a PEFT adapter that cannot be merged here",
        ),
    ] {
        let mut copy = copy();
        copy.tensors.extend(parts(".default.weight"));
        change(&mut copy.tensors);
        copy.write_json("adapter_config.json", &config());
        let refusal = read(&copy).expect_err(message);
        assert!(refusal.contains(message), "{refusal}");
    }
}

/// The length of each row, of all dimensions but the first.
fn lengths(weight: &ArrayD<f32>) -> Vec<f32> {
    weight.outer_iter().map(|row| row.iter().map(|w| w * w).sum::<f32>().sqrt()).collect()
}

#[test]
fn dora_convolutions_embeddings_and_biases_are_merged() {
    let (mut plain, mut adapted) = (copy(), copy());
    // DoRA on a linear layer: rows of the sum are brought to the learned lengths.
    let magnitude = noise(&[24], 3).mapv(|m| m + 1.0);
    adapted.tensors.extend(parts(".default.weight"));
    adapted.tensors.insert(format!("{QUERY}.lora_magnitude_vector.default.weight"), magnitude.clone());
    let weight = plain.tensors.get_mut(&format!("{QUERY}.weight")).expect("a weight");
    let found = parts("");
    weight.scaled_add(2.0, &product(&found[&format!("{QUERY}.lora_B")], &found[&format!("{QUERY}.lora_A")]));
    let found = lengths(weight);
    for ((mut row, &length), found) in weight.axis_iter_mut(Axis(0)).zip(&magnitude).zip(found) {
        row *= length / found;
    }
    // A convolution (20, 12, 4): A has the taps, B leads through one.
    let (a, b) = (noise(&[4, 12, 4], 4), noise(&[20, 4, 1], 5));
    let flat = |tensor: &ArrayD<f32>, shape: [usize; 2]| {
        tensor.clone().into_shape_with_order(IxDyn(&shape)).expect("a matrix")
    };
    let delta = product(&flat(&b, [20, 4]), &flat(&a, [4, 48])).into_shape_with_order(IxDyn(&[20, 12, 4]));
    plain
        .tensors
        .get_mut(&format!("{CONV}.weight"))
        .expect("a weight")
        .scaled_add(2.0, &delta.expect("a kernel"));
    adapted
        .tensors
        .extend([(format!("{CONV}.lora_A.default.weight"), a), (format!("{CONV}.lora_B.default.weight"), b)]);
    // An embedding (32, 3), whose matrices are transposed.
    let (a, b) = (noise(&[4, 32], 6), noise(&[3, 4], 7));
    let delta = product(&b, &a).reversed_axes();
    plain.tensors.get_mut(&format!("{TABLE}.weight")).expect("a table").scaled_add(2.0, &delta);
    adapted.tensors.extend([
        (format!("{TABLE}.lora_embedding_A.default"), a),
        (format!("{TABLE}.lora_embedding_B.default"), b),
    ]);
    // A bias behind B.
    let (a, b, bias) = (noise(&[4, 24], 8), noise(&[24, 4], 9), noise(&[24], 10));
    plain.tensors.get_mut(&format!("{VALUE}.weight")).expect("a weight").scaled_add(2.0, &product(&b, &a));
    plain.tensors.get_mut(&format!("{VALUE}.bias")).expect("a bias").scaled_add(2.0, &bias);
    adapted.tensors.extend([
        (format!("{VALUE}.lora_A.default.weight"), a),
        (format!("{VALUE}.lora_B.default.weight"), b),
        (format!("{VALUE}.lora_B.default.bias"), bias),
    ]);
    adapted.write_json("adapter_config.json", &with(&config(), json!({"use_dora": true, "lora_bias": true})));
    assert_close(&read(&adapted).expect("a merged model"), &read(&plain).expect("a good checkpoint"));
}

#[test]
fn trained_copies_count_where_the_configuration_says_so() {
    let mut expected = copy();
    let (weight, bias) = (noise(&[5, 20], 1), noise(&[5], 2));
    expected.tensors.insert("classifier.weight".to_owned(), weight.clone());
    expected.tensors.insert("classifier.bias".to_owned(), bias.clone());
    let expected = read(&expected).expect("a good checkpoint");
    for original in ["classifier", "classifier.original_module"] {
        let mut copy = copy();
        copy.rename(|name| name.replace("classifier", original));
        copy.tensors.insert("classifier.modules_to_save.default.weight".to_owned(), weight.clone());
        copy.tensors.insert("classifier.modules_to_save.default.bias".to_owned(), bias.clone());
        let refusal = read(&copy).expect_err("a copy that nobody explains");
        assert!(refusal.contains("`classifier.modules_to_save.default.bias` is a trained copy"), "{refusal}");
        copy.write_json("adapter_config.json", &with(&config(), json!({"modules_to_save": ["projector"]})));
        let refusal = read(&copy).expect_err("a copy that is not named");
        assert!(refusal.contains("is a trained copy"), "{refusal}");
        copy.write_json("adapter_config.json", &with(&config(), json!({"modules_to_save": ["classifier"]})));
        assert_same(&read(&copy).expect("a merged model"), &expected);
    }
}

/// An adapter's own folder: its parts and a trained classifier, over a base elsewhere.
fn adapter_folder(base: &str) -> (CheckpointCopy, Tensors) {
    let folder = copy();
    let classifier = [
        ("classifier.weight".to_owned(), noise(&[5, 20], 1)),
        ("classifier.bias".to_owned(), noise(&[5], 2)),
    ];
    let mut tensors = parts(".weight");
    tensors.extend(classifier.clone());
    let prefixed =
        tensors.into_iter().map(|(name, values)| (format!("base_model.model.{name}"), values)).collect();
    write_safetensors(&folder.file("adapter_model.safetensors"), &prefixed);
    let changes = json!({"base_model_name_or_path": base, "modules_to_save": ["classifier"]});
    folder.write_json("adapter_config.json", &with(&config(), changes));
    (folder, classifier.into())
}

#[test]
fn an_adapter_folder_is_merged_into_a_base_on_this_machine() {
    let mut base = copy();
    base.save();
    let (folder, classifier) = adapter_folder(&base.path().display().to_string());
    let found = read_checkpoint(folder.path(), None).expect("a merged model");
    let weight = base.tensors.get_mut(&format!("{QUERY}.weight")).expect("a weight");
    let parts = parts("");
    weight.scaled_add(2.0, &product(&parts[&format!("{QUERY}.lora_B")], &parts[&format!("{QUERY}.lora_A")]));
    base.tensors.extend(classifier);
    assert_close(&found, &read(&base).expect("a good checkpoint"));
}

#[test]
fn an_adapter_folder_without_its_base_says_what_it_is() {
    let (folder, _) = adapter_folder("microsoft/wavlm-base");
    let refusal = read_checkpoint(folder.path(), None).expect_err("an adapter alone");
    for word in ["a PEFT adapter, not a whole model", "`microsoft/wavlm-base`", "merge_and_unload()"] {
        assert!(refusal.contains(word), "{refusal}");
    }
    // A whole model beside it, into which it may be merged or not.
    copy_model_into(&folder);
    let refusal = read_checkpoint(folder.path(), None).expect_err("a model and an adapter");
    assert!(refusal.contains("a model lies beside this adapter"), "{refusal}");
}

fn copy_model_into(folder: &CheckpointCopy) {
    let other = copy();
    folder.write_json("config.json", &other.config);
    write_safetensors(&folder.file("model.safetensors"), &other.tensors);
}
