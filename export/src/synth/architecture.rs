//! The published models' configurations, as transformers 4.57 writes them.

use serde_json::{Value, json};

use crate::checkpoint::Task;

/// Which model to imitate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    /// WavLM Base: 94 million parameters.
    Base,
    /// WavLM Base+: as Base, trained on more.
    BasePlus,
    /// WavLM Large: 315 million parameters.
    Large,
    /// The default model of this project: one million parameters.
    Tiny,
}

/// The ten keywords of Speech Commands' usual task, and what is not among them.
const WORDS: [&str; 12] =
    ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "_unknown_", "_silence_"];

impl Architecture {
    /// Whether the waveform is normalised.
    pub(super) fn normalize(self) -> bool {
        matches!(self, Self::Large | Self::Tiny)
    }

    /// `config.json` with a head.
    pub(super) fn config(self, head: Task) -> Value {
        let mut config = base();
        config["architectures"] = json!([head.architecture()]);
        if head == Task::Classify {
            config["id2label"] = WORDS.iter().enumerate().map(|(i, word)| (i.to_string(), *word)).collect();
            config["label2id"] = WORDS.iter().enumerate().map(|(i, word)| (*word, i)).collect();
        }
        let changes = match self {
            Self::Base | Self::BasePlus => json!({}),
            Self::Large => json!({
                "do_stable_layer_norm": true,
                "feat_extract_norm": "layer",
                "hidden_size": 1024,
                "intermediate_size": 4096,
                "num_attention_heads": 16,
                "num_hidden_layers": 24,
                "output_hidden_size": 1024,
            }),
            Self::Tiny => json!({
                "classifier_proj_size": 128,
                "conv_dim": [16, 32, 32, 64, 64, 64, 64],
                "hidden_size": 128,
                "intermediate_size": 512,
                "max_bucket_distance": 160,
                "num_attention_heads": 4,
                "num_buckets": 64,
                "num_conv_pos_embedding_groups": 8,
                "num_conv_pos_embeddings": 32,
                "num_hidden_layers": 3,
                "output_hidden_size": 128,
                "tdnn_dim": [128, 128, 128, 128, 384],
                "use_weighted_layer_sum": true,
                "xvector_output_dim": 128,
            }),
        };
        for (key, value) in changes.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        config
    }
}

/// Every key at its default, which is WavLM Base.
fn base() -> Value {
    serde_json::from_str(include_str!("base.json")).expect("our own file")
}
