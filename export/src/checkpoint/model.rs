//! A whole checkpoint: configuration, head, waveform and weights, whoever wrote it.

use wavlm_format::{EncoderConfig, Head, Preprocessing};

use super::config_json::Task;
use super::graph_file::OnnxFile;
use super::tensors::NamedTensors;

/// A trained model as transformers saved it: what it is, and its weights under transformers' names.
#[derive(Debug)]
pub struct Checkpoint {
    /// Shape of the encoder.
    pub encoder: EncoderConfig,
    /// Convolutions of the stem have a bias.
    pub conv_bias: bool,
    /// The task on top, if any.
    pub head: Option<Head>,
    /// Somebody said which head is wanted, so those of other heads are left out.
    pub other_heads_unwanted: bool,
    /// How the waveform is prepared.
    pub preprocessing: Preprocessing,
    /// The weights, under the names that `WavLMModel` gives them and heads give their own.
    pub tensors: NamedTensors,
    /// What whoever converts it should know.
    pub notes: Vec<String>,
    /// The graph it was read from, which must agree with it.
    pub onnx: Option<OnnxFile>,
}

/// What somebody says about a checkpoint that its files do not say, or say otherwise.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The head.
    pub task: Option<Task>,
    /// The language, of a head for several (`target_lang`).
    pub language: Option<String>,
}

impl Wanted {
    /// This head.
    pub fn task(task: Option<Task>) -> Self {
        Self { task, language: None }
    }
}
