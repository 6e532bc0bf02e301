//! Valid configurations that nobody trains convert, too: within the memory and time that any model may take, or saying
//! what was left out of their verification.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wavlm_export::checkpoint::Task;
use wavlm_export::synth;
use wavlm_tests::{Finished, Program};

/// Address space of the program in KiB: its tensors, here less than 200 MB, 2 GB beyond them, and what is only reserved.
const ADDRESS_SPACE: &str = "3000000";

/// What converting may take; on a machine that is busy with other tests, tests are not optimised, either.
const TIME: Duration = Duration::from_secs(120);

fn config(changes: &Value) -> Value {
    let mut config = json!({
        "model_type": "wavlm", "conv_dim": [16, 16], "conv_kernel": [10, 8], "conv_stride": [8, 8],
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4, "num_buckets": 32, "max_bucket_distance": 64,
        "tdnn_dim": [24, 24], "tdnn_kernel": [5, 3], "tdnn_dilation": [1, 2], "xvector_output_dim": 16, "vocab_size": 40,
        "classifier_proj_size": 16
    });
    for (key, value) in changes.as_object().expect("an object") {
        config[key] = value.clone();
    }
    config
}

fn convert(checkpoint: &Path, file: &Path, precision: &str) -> Finished {
    let arguments = ["convert", "--precision", precision, "-o"].map(PathBuf::from);
    let arguments = arguments.into_iter().chain([file.to_owned(), checkpoint.to_owned()]);
    Program::new("wavlm-export").limited_to(ADDRESS_SPACE).args(arguments).run()
}

#[test]
fn odd_models_convert_within_bounds() {
    if std::env::var_os("WAVLM_TEST_RUNNER").is_some() {
        println!("not under emulation: an emulator reserves more than the bound by itself");
        return;
    }
    for (name, head, changes, said) in [
        (
            "one convolution of stride 3",
            Task::Classify,
            json!({"conv_dim": [64], "conv_kernel": [3], "conv_stride": [3], "num_attention_heads": 16}),
            "left out of verification: all but the first",
        ),
        (
            "a frame of every sample",
            Task::Ctc,
            json!({"conv_dim": [4], "conv_kernel": [1], "conv_stride": [1], "num_hidden_layers": 24}),
            "left out of verification: all but the first",
        ),
        (
            "a stem of 1024 channels",
            Task::Frames,
            json!({"conv_dim": [1024, 16], "conv_kernel": [10, 10], "conv_stride": [2, 160]}),
            "",
        ),
        (
            "a positional convolution of 8192 taps",
            Task::None,
            json!({"num_conv_pos_embeddings": 8192, "num_conv_pos_embedding_groups": 32}),
            "",
        ),
        ("heads of one channel", Task::Xvector, json!({"hidden_size": 128, "num_attention_heads": 128}), ""),
        (
            "a convolution over a minute",
            Task::Classify,
            json!({"conv_kernel": [30_000, 32], "conv_stride": [30_000, 8]}),
            "",
        ),
        (
            "time-delay layers that reach far",
            Task::Xvector,
            json!({"tdnn_kernel": [9, 9], "tdnn_dilation": [30, 40]}),
            "",
        ),
        (
            "an adapter that reaches far",
            Task::Ctc,
            json!({"add_adapter": true, "adapter_kernel_size": 200, "adapter_stride": 1, "output_hidden_size": 48}),
            "",
        ),
        (
            "time-delay layers that reach beyond everything",
            Task::Xvector,
            json!({"tdnn_kernel": [50, 50], "tdnn_dilation": [300, 400]}),
            "left out of verification: everything",
        ),
        ("a vocabulary of 65536", Task::Ctc, json!({"vocab_size": 65536}), ""),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let checkpoint = folder.path().join("checkpoint");
        let mut config = config(&changes);
        config["architectures"] = json!([head.architecture()]);
        synth::write_configured(&config, head, false, 1, &checkpoint)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let began = Instant::now();
        let finished = convert(&checkpoint, &folder.path().join("m.wlm"), "f32");
        assert_eq!(finished.status, Some(0), "{name}: {}", finished.stderr);
        assert!(began.elapsed() < TIME, "{name}: {:?}", began.elapsed());
        assert!(finished.stderr.contains(said), "{name}: {}", finished.stderr);
        println!("{name}: {:.1} s; {}", began.elapsed().as_secs_f32(), finished.stderr.trim());
    }
}
