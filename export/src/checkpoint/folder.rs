//! A checkpoint's folder, as `save_pretrained` leaves it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wavlm_format::{Decision, EncoderConfig, Head, Preprocessing};

use super::config_json::{ConfigJson, Task};
use super::error::{CheckpointError, ConfigProblem, Problem};
use super::tensors::NamedTensors;
use super::{safetensors, torch_zip};

/// A trained model as transformers saved it: what it is, and its weights under transformers' names.
#[derive(Debug)]
pub struct Checkpoint {
    /// Shape of the encoder.
    pub encoder: EncoderConfig,
    /// Convolutions of the stem have a bias.
    pub conv_bias: bool,
    /// The task on top, if any.
    pub head: Option<Head>,
    /// How the waveform is prepared.
    pub preprocessing: Preprocessing,
    /// The weights.
    pub tensors: NamedTensors,
}

impl Checkpoint {
    /// Reads a folder: `config.json`, `preprocessor_config.json` and the weights; where they exist `vocab.json`,
    /// `added_tokens.json` and `decision.json`. `task` overrides what `architectures` says of the head.
    pub fn open(folder: &Path, task: Option<Task>) -> Result<Self, CheckpointError> {
        let path = folder.join("config.json");
        let config: ConfigJson = required_json(&path)?;
        let fail = |problem: ConfigProblem| CheckpointError::new(&path, problem);
        let encoder = config.encoder().map_err(fail)?;
        let mut head = config.head(task, &vocabulary(folder)?).map_err(fail)?;
        if let Some(head) = &mut head {
            head.decision = decision(folder)?;
        }
        let preprocessing = preprocessing(folder)?;
        let tensors = weights(folder)?;
        Ok(Self { encoder, conv_bias: config.conv_bias, head, preprocessing, tensors })
    }
}

/// The weights, from the first that exists of one safetensors file, several, or a torch archive.
fn weights(folder: &Path) -> Result<NamedTensors, CheckpointError> {
    let existing = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    if let Some(path) = existing("model.safetensors") {
        safetensors::read_file(&path)
    } else if let Some(path) = existing("model.safetensors.index.json") {
        safetensors::read_sharded(&path)
    } else if let Some(path) = existing("pytorch_model.bin") {
        torch_zip::read_file(&path)
    } else {
        Err(CheckpointError::new(folder, Problem::NoWeights))
    }
}

fn preprocessing(folder: &Path) -> Result<Preprocessing, CheckpointError> {
    /// Keys and defaults of transformers' `Wav2Vec2FeatureExtractor`.
    #[derive(Deserialize)]
    #[serde(default)]
    struct PreprocessorJson {
        sampling_rate: u32,
        do_normalize: bool,
    }
    impl Default for PreprocessorJson {
        fn default() -> Self {
            Self { sampling_rate: 16_000, do_normalize: true }
        }
    }

    let path = folder.join("preprocessor_config.json");
    let fail = |problem: ConfigProblem| CheckpointError::new(&path, problem);
    let json: PreprocessorJson = optional_json(&path)?.ok_or_else(|| fail(ConfigProblem::NoPreprocessor))?;
    if json.sampling_rate != 16_000 {
        return Err(fail(ConfigProblem::SamplingRate(json.sampling_rate)));
    }
    Ok(Preprocessing { sampling_rate: json.sampling_rate, normalize: json.do_normalize })
}

/// Token texts and their numbers; empty if the folder has no tokenizer.
fn vocabulary(folder: &Path) -> Result<BTreeMap<String, u32>, CheckpointError> {
    let mut tokens: BTreeMap<String, u32> = optional_json(&folder.join("vocab.json"))?.unwrap_or_default();
    let added: Option<BTreeMap<String, u32>> = optional_json(&folder.join("added_tokens.json"))?;
    tokens.extend(added.unwrap_or_default());
    Ok(tokens)
}

/// When the head accepts, as training chose it on held-out data. A head that does not slide needs only a threshold.
fn decision(folder: &Path) -> Result<Option<Decision>, CheckpointError> {
    #[derive(Deserialize)]
    struct DecisionJson {
        threshold: f32,
        #[serde(default)]
        window_s: f32,
        #[serde(default)]
        hop_s: f32,
        #[serde(default)]
        smoothing_windows: u32,
        #[serde(default)]
        refractory_s: f32,
    }
    let json: Option<DecisionJson> = optional_json(&folder.join("decision.json"))?;
    Ok(json.map(|json| Decision {
        threshold: json.threshold,
        window_s: json.window_s,
        hop_s: json.hop_s,
        smoothing_windows: json.smoothing_windows,
        refractory_s: json.refractory_s,
    }))
}

fn required_json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let text = std::fs::read(path).map_err(|error| CheckpointError::new(path, error))?;
    serde_json::from_slice(&text).map_err(|error| CheckpointError::new(path, error))
}

fn optional_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CheckpointError> {
    if path.exists() { required_json(path).map(Some) } else { Ok(None) }
}
