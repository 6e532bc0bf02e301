//! A checkpoint as transformers saved it: a folder, or a file of weights in one, and an adapter to merge.

use std::path::Path;

use serde::Deserialize;
use wavlm_format::{Confirmation, Decision, Preprocessing};

use super::config_json::ConfigJson;
use super::error::{AdapterProblem, CheckpointError, ConfigProblem, Problem};
use super::json::{self, truth};
use super::json_files::{CONFIG, JsonFiles};
use super::model::{Checkpoint, Wanted};
use super::source::Folder;
use super::tensors::NamedTensors;
use super::weights::Weights;
use super::{peft, prefixes, tokenizer};

/// Reads the parts of a checkpoint.
pub(super) fn open(source: &Folder, wanted: &Wanted) -> Result<Checkpoint, CheckpointError> {
    let path = source.json.file(CONFIG);
    let mut config: ConfigJson = json::read(&path)?;
    if let Some(class) = source.adapter.as_ref().and_then(|adapter| adapter.config.class()) {
        config.set_architecture(class.to_owned());
    }
    let fail = |problem: ConfigProblem| CheckpointError::new(&path, problem);
    let encoder = config.encoder().map_err(fail)?;
    let mut head = config
        .head(wanted.task, &tokenizer::read(&source.json, wanted.language.as_deref())?)
        .map_err(fail)?;
    if let Some(head) = &mut head {
        head.decision = decision(&source.json)?;
    }
    let preprocessing = preprocessing(&source.json)?;
    let mut tensors = tensors(source)?;
    if let Some(language) = &wanted.language {
        speak(&mut tensors, source, language)?;
    }
    let other_heads_unwanted = wanted.task.is_some();
    Ok(Checkpoint {
        encoder,
        conv_bias: config.conv_bias,
        head,
        other_heads_unwanted,
        preprocessing,
        tensors,
        notes: Vec::new(),
        onnx: None,
    })
}

/// The weights under the names of [`names`](super::names), with their adapter merged into them.
fn tensors(source: &Folder) -> Result<NamedTensors, CheckpointError> {
    let read = |weights: &Weights| {
        let mut tensors = weights.read()?;
        prefixes::strip(&mut tensors).map_err(|problem| CheckpointError::new(&weights.path, problem))?;
        Ok::<_, CheckpointError>(tensors)
    };
    let mut tensors = read(&source.weights)?;
    let Some(adapter) = &source.adapter else {
        let merged = peft::merge(&mut tensors, None);
        merged.map_err(|problem| CheckpointError::new(&source.weights.path, problem))?;
        return Ok(tensors);
    };
    let fail = |problem: Problem| CheckpointError::new(&adapter.path, problem);
    if let Some(weights) = &adapter.weights {
        peft::add(&mut tensors, read(weights)?).map_err(fail)?;
    }
    let merged = peft::merge(&mut tensors, Some(&adapter.config)).map_err(fail)?;
    if !merged && adapter.has_weights_beside() {
        return Err(fail(AdapterProblem::Beside.into()));
    }
    Ok(tensors)
}

/// Puts the weights of one language in place of the head's own, as transformers' `load_adapter` does.
fn speak(tensors: &mut NamedTensors, source: &Folder, language: &str) -> Result<(), CheckpointError> {
    let mut paths = ["safetensors", "bin"]
        .map(|kind| source.json.file(&format!("adapter.{language}.{kind}")))
        .into_iter();
    let Some(weights) = paths.find(|path| path.exists()).and_then(|path| Weights::of_file(&path)) else {
        // One language of a head whose weights serve all is told by its vocabulary alone.
        let folder = source.json.file("vocab.json");
        let any = |name: &str| name.starts_with("adapter.") && !name.starts_with("adapter_");
        let folder = folder.parent().unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        return match entries.map(|entry| entry.file_name()).any(|name| name.to_str().is_some_and(any)) {
            true => {
                Err(CheckpointError::new(folder, ConfigProblem::NoAdapter { language: language.to_owned() }))
            }
            false => Ok(()),
        };
    };
    let mut own = weights.read()?;
    prefixes::strip(&mut own).map_err(|problem| CheckpointError::new(&weights.path, problem))?;
    tensors.floats.extend(own.floats);
    tensors.others.extend(own.others);
    Ok(())
}

/// What transformers' `Wav2Vec2FeatureExtractor` does to the waveform. Release 5 keeps it in the processor's file.
pub(super) fn preprocessing(files: &JsonFiles) -> Result<Preprocessing, CheckpointError> {
    /// Keys and defaults of the feature extractor.
    #[derive(Deserialize, PartialEq)]
    #[serde(default)]
    struct FeatureExtractor {
        sampling_rate: u32,
        #[serde(deserialize_with = "truth")]
        do_normalize: bool,
    }
    impl Default for FeatureExtractor {
        fn default() -> Self {
            Self { sampling_rate: 16_000, do_normalize: true }
        }
    }
    #[derive(Deserialize)]
    struct Processor {
        feature_extractor: Option<FeatureExtractor>,
    }

    let (path, processor_path) =
        (files.file("preprocessor_config.json"), files.file("processor_config.json"));
    let fail = |path: &Path, problem: ConfigProblem| Err(CheckpointError::new(path, problem));
    let own: Option<FeatureExtractor> = json::read_optional(&path)?;
    let processor: Option<Processor> = json::read_optional(&processor_path)?;
    let (path, found) = match (own, processor.and_then(|processor| processor.feature_extractor)) {
        (Some(own), Some(other)) if own != other => return fail(&path, ConfigProblem::TwoPreprocessors),
        (Some(own), _) => (path, own),
        (None, Some(other)) => (processor_path, other),
        (None, None) => return fail(&path, ConfigProblem::NoPreprocessor),
    };
    let FeatureExtractor { sampling_rate, do_normalize } = found;
    if sampling_rate != 16_000 {
        return fail(&path, ConfigProblem::SamplingRate(sampling_rate));
    }
    Ok(Preprocessing { sampling_rate, normalize: do_normalize })
}

/// When the head accepts, as training chose it on held-out data. A head that does not slide needs only a threshold.
pub(super) fn decision(files: &JsonFiles) -> Result<Option<Decision>, CheckpointError> {
    #[derive(Deserialize)]
    struct DecisionJson {
        threshold: f32,
        #[serde(default)]
        lower_threshold: Option<f32>,
        #[serde(default)]
        text_dependent_threshold: Option<f32>,
        #[serde(default)]
        window_s: f32,
        #[serde(default)]
        hop_s: f32,
        #[serde(default)]
        smoothing_windows: u32,
        #[serde(default)]
        refractory_s: f32,
        #[serde(default)]
        confirmation: Option<Confirmation>,
    }
    let json: Option<DecisionJson> = json::read_optional(&files.file("decision.json"))?;
    Ok(json.map(|json| Decision {
        threshold: json.threshold,
        lower_threshold: json.lower_threshold,
        text_dependent_threshold: json.text_dependent_threshold,
        window_s: json.window_s,
        hop_s: json.hop_s,
        smoothing_windows: json.smoothing_windows,
        refractory_s: json.refractory_s,
        confirmation: json.confirmation,
    }))
}
