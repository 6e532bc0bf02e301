//! `config.json`: transformers' `WavLMConfig`, with its defaults for every key that is missing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;
use wavlm_format::{
    Activation, AdapterConfig, ConvShape, EncoderConfig, Head, HeadKind, LayerShape, StemNorm, TdnnShape,
    limits,
};

use super::error::ConfigProblem;
use super::json::truth;
use super::tokenizer::Vocabulary;

/// The head to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Task {
    /// The encoder alone.
    None,
    /// `WavLMForCTC`
    Ctc,
    /// `WavLMForSequenceClassification`
    #[value(alias = "sequence")]
    Classify,
    /// `WavLMForAudioFrameClassification`
    #[value(alias = "frame")]
    Frames,
    /// `WavLMForXVector`
    Xvector,
}

impl Task {
    const ALL: [Self; 5] = [Self::None, Self::Ctc, Self::Classify, Self::Frames, Self::Xvector];

    /// The class of transformers that has this head.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::None => "WavLMModel",
            Self::Ctc => "WavLMForCTC",
            Self::Classify => "WavLMForSequenceClassification",
            Self::Frames => "WavLMForAudioFrameClassification",
            Self::Xvector => "WavLMForXVector",
        }
    }

    /// The task of a class of transformers.
    fn of_architecture(class: &str) -> Result<Self, ConfigProblem> {
        let task = Self::ALL.into_iter().find(|task| task.architecture() == class);
        task.ok_or_else(|| ConfigProblem::Architecture(class.to_owned()))
    }
}

/// The keys of `config.json` that the forward pass reads. Names and defaults are transformers'.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct ConfigJson {
    pub(super) model_type: String,
    pub(super) architectures: Option<Vec<String>>,
    pub(super) conv_dim: Vec<u32>,
    pub(super) conv_kernel: Vec<u32>,
    pub(super) conv_stride: Vec<u32>,
    /// Convolutions of the stem have a bias.
    #[serde(deserialize_with = "truth")]
    pub conv_bias: bool,
    pub(super) feat_extract_norm: String,
    pub(super) feat_extract_activation: String,
    pub(super) hidden_size: u32,
    pub(super) num_hidden_layers: u32,
    pub(super) num_attention_heads: u32,
    pub(super) intermediate_size: u32,
    pub(super) hidden_act: String,
    pub(super) layer_norm_eps: f32,
    pub(super) num_conv_pos_embeddings: u32,
    pub(super) num_conv_pos_embedding_groups: u32,
    pub(super) num_buckets: u32,
    pub(super) max_bucket_distance: u32,
    #[serde(deserialize_with = "truth")]
    pub(super) do_stable_layer_norm: bool,
    #[serde(deserialize_with = "truth")]
    pub(super) add_adapter: bool,
    pub(super) adapter_kernel_size: Option<u32>,
    pub(super) adapter_stride: Option<u32>,
    pub(super) num_adapter_layers: Option<u32>,
    pub(super) output_hidden_size: Option<u32>,
    pub(super) vocab_size: Option<u32>,
    pub(super) pad_token_id: Option<i64>,
    #[serde(deserialize_with = "truth")]
    pub(super) use_weighted_layer_sum: bool,
    pub(super) classifier_proj_size: Option<u32>,
    pub(super) tdnn_dim: Vec<u32>,
    pub(super) tdnn_kernel: Vec<u32>,
    pub(super) tdnn_dilation: Vec<u32>,
    pub(super) xvector_output_dim: Option<u32>,
    pub(super) id2label: Option<BTreeMap<String, Label>>,
    pub(super) num_labels: Option<u32>,
    /// What sets layers apart, where they are not alike: not in transformers.
    pub(super) layers: Option<Vec<LayerJson>>,
    /// `feature_extractor.dummy_weight` multiplies the channels behind the stem: not in transformers.
    #[serde(deserialize_with = "truth")]
    pub(super) stem_scale: bool,
}

/// A layer of a model that was pruned, or distilled into layers that share attention.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayerJson {
    /// The attention heads that are left, of `num_attention_heads`; none in a layer without attention.
    pub heads: Vec<u32>,
    /// 0 in a layer without a feed-forward block.
    pub intermediate_size: u32,
    /// The earlier layer whose attention weights this one uses; of the attention it has `v_proj` and `out_proj` alone.
    #[serde(default)]
    pub attention_of: Option<u32>,
}

impl Default for ConfigJson {
    fn default() -> Self {
        Self {
            model_type: "wavlm".to_owned(),
            architectures: None,
            conv_dim: vec![512; 7],
            conv_kernel: vec![10, 3, 3, 3, 3, 2, 2],
            conv_stride: vec![5, 2, 2, 2, 2, 2, 2],
            conv_bias: false,
            feat_extract_norm: "group".to_owned(),
            feat_extract_activation: "gelu".to_owned(),
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: "gelu".to_owned(),
            layer_norm_eps: 1e-5,
            num_conv_pos_embeddings: 128,
            num_conv_pos_embedding_groups: 16,
            num_buckets: 320,
            max_bucket_distance: 800,
            do_stable_layer_norm: false,
            add_adapter: false,
            adapter_kernel_size: Some(3),
            adapter_stride: Some(2),
            num_adapter_layers: Some(3),
            output_hidden_size: None,
            vocab_size: Some(32),
            pad_token_id: Some(0),
            use_weighted_layer_sum: false,
            classifier_proj_size: Some(256),
            tdnn_dim: vec![512, 512, 512, 512, 1500],
            tdnn_kernel: vec![5, 3, 3, 1, 1],
            tdnn_dilation: vec![1, 2, 3, 1, 1],
            xvector_output_dim: Some(512),
            id2label: None,
            num_labels: None,
            layers: None,
            stem_scale: false,
        }
    }
}

impl ConfigJson {
    /// A model with these convolutions (channels, taps, stride), and transformers' defaults for everything else.
    pub(super) fn of_stem(stem: &[[u32; 3]]) -> Self {
        Self {
            conv_dim: stem.iter().map(|&[dim, _, _]| dim).collect(),
            conv_kernel: stem.iter().map(|&[_, kernel, _]| kernel).collect(),
            conv_stride: stem.iter().map(|&[_, _, stride]| stride).collect(),
            ..Self::default()
        }
    }

    /// Puts the class that an adapter was trained on in place of its base's.
    pub(super) fn set_architecture(&mut self, class: String) {
        self.architectures = Some(vec![class]);
    }

    /// The task of the class that `architectures` names, if it names one that is known.
    #[cfg(feature = "onnx")]
    pub(super) fn task(&self) -> Option<Task> {
        let class = self.architectures.as_ref()?.first()?;
        Task::of_architecture(class).ok()
    }

    /// Forgets the texts of labels that are more or fewer than a head has outputs.
    #[cfg(feature = "onnx")]
    pub(super) fn set_number_of_labels(&mut self, outputs: u32) {
        if self.id2label.as_ref().is_none_or(|labels| labels.len() != outputs as usize) {
            self.id2label = None;
            self.num_labels = Some(outputs);
        }
    }

    /// The encoder that the keys describe, checked.
    pub fn encoder(&self) -> Result<EncoderConfig, ConfigProblem> {
        if self.model_type != "wavlm" {
            return Err(ConfigProblem::ModelType(self.model_type.clone()));
        }
        let stem_norm = match self.feat_extract_norm.as_str() {
            "group" => StemNorm::Group,
            "layer" => StemNorm::Layer,
            other => return Err(ConfigProblem::StemNorm(other.to_owned())),
        };
        let encoder = EncoderConfig {
            stem: self.stem()?,
            stem_norm,
            stem_activation: activation("feat_extract_activation", &self.feat_extract_activation)?,
            hidden_size: self.hidden_size,
            num_layers: self.num_hidden_layers,
            num_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            hidden_activation: activation("hidden_act", &self.hidden_act)?,
            layer_norm_eps: self.layer_norm_eps,
            positional_kernel: self.num_conv_pos_embeddings,
            positional_groups: self.num_conv_pos_embedding_groups,
            num_buckets: self.num_buckets,
            max_bucket_distance: self.max_bucket_distance,
            stable_layer_norm: self.do_stable_layer_norm,
            adapter: self.adapter()?,
            stem_scale: self.stem_scale,
            layers: Vec::new(),
        };
        let layer = |layer: &LayerJson| LayerShape {
            heads: layer.heads.clone(),
            intermediate_size: layer.intermediate_size,
            attention_of: layer.attention_of,
        };
        let encoder = encoder.with_layers(self.layers.iter().flatten().map(layer).collect());
        encoder.validate()?;
        Ok(encoder)
    }

    fn stem(&self) -> Result<Vec<ConvShape>, ConfigProblem> {
        let lists = [&self.conv_dim, &self.conv_kernel, &self.conv_stride];
        let layers = same_length("conv_dim, conv_kernel and conv_stride", lists)?;
        Ok(layers.into_iter().map(|[dim, kernel, stride]| ConvShape { dim, kernel, stride }).collect())
    }

    fn adapter(&self) -> Result<Option<AdapterConfig>, ConfigProblem> {
        if !self.add_adapter {
            return Ok(None);
        }
        // Null and 0 both mean "as wide as the hidden states", as in transformers.
        let width = self.output_hidden_size.filter(|&width| width != 0);
        Ok(Some(AdapterConfig {
            output_hidden_size: width.unwrap_or(self.hidden_size),
            kernel: needed("adapter_kernel_size", self.adapter_kernel_size)?,
            stride: needed("adapter_stride", self.adapter_stride)?,
            num_layers: needed("num_adapter_layers", self.num_adapter_layers)?,
        }))
    }

    /// The head of `task`, or without one that of the class that `architectures` names; named after its kind.
    /// `vocabulary` has the texts of tokens by number.
    pub fn head(&self, task: Option<Task>, vocabulary: &Vocabulary) -> Result<Option<Head>, ConfigProblem> {
        let class = self.architectures.as_ref().and_then(|classes| classes.first());
        let task = match (task, class) {
            (Some(task), _) => task,
            (None, Some(class)) => Task::of_architecture(class)?,
            (None, None) => Task::None,
        };
        let (name, kind) = match task {
            Task::None => return Ok(None),
            Task::Ctc => ("ctc", self.ctc(vocabulary)?),
            Task::Classify => {
                let projection = needed("classifier_proj_size", self.classifier_proj_size)?;
                ("sequence", HeadKind::Sequence { labels: self.labels()?, projection })
            }
            Task::Frames => ("frame", HeadKind::Frame { labels: self.labels()? }),
            Task::Xvector => ("xvector", self.xvector()?),
        };
        if self.add_adapter && matches!(task, Task::Classify | Task::Frames) {
            return Err(ConfigProblem::Adapter(name));
        }
        let weighted_layer_sum = self.use_weighted_layer_sum && task != Task::Ctc;
        Ok(Some(Head { name: name.to_owned(), kind, weighted_layer_sum, decision: None }))
    }

    fn ctc(&self, tokens: &Vocabulary) -> Result<HeadKind, ConfigProblem> {
        let tokens_known = needed("vocab_size", self.vocab_size)?;
        at_most_max_labels("vocab_size", tokens_known)?;
        let mut vocabulary = vec![String::new(); tokens_known as usize];
        for (&token, text) in tokens {
            // A tokenizer may know more tokens than the model, such as `<s>` and `</s>`.
            if let Some(slot) = vocabulary.get_mut(token as usize) {
                slot.clone_from(text);
            }
        }
        let blank = self.pad_token_id.and_then(|token| u32::try_from(token).ok());
        let blank = needed("pad_token_id", blank)?;
        Ok(HeadKind::Ctc { vocabulary, blank })
    }

    fn xvector(&self) -> Result<HeadKind, ConfigProblem> {
        let lists = [&self.tdnn_dim, &self.tdnn_kernel, &self.tdnn_dilation];
        let layers = same_length("tdnn_dim, tdnn_kernel and tdnn_dilation", lists)?;
        let tdnn = layers.into_iter().map(|[dim, kernel, dilation]| TdnnShape { dim, kernel, dilation });
        let embedding = needed("xvector_output_dim", self.xvector_output_dim)?;
        at_most_max_labels("xvector_output_dim", embedding)?;
        // transformers' classifier has as many outputs as the embedding is wide, whatever the labels are.
        let mut labels = self.labels()?;
        labels.resize_with(embedding as usize, String::new);
        Ok(HeadKind::XVector { tdnn: tdnn.collect(), embedding, labels })
    }

    /// Label texts by number. transformers makes up `LABEL_0`, … where there are none; two, unless told.
    fn labels(&self) -> Result<Vec<String>, ConfigProblem> {
        let Some(labels) = &self.id2label else {
            let count = self.num_labels.unwrap_or(2);
            at_most_max_labels("num_labels", count)?;
            return Ok((0..count).map(|number| format!("LABEL_{number}")).collect());
        };
        let count = labels.len();
        let label = |missing: usize| {
            let label = labels.get(&missing.to_string()).map(|Label(text)| text.clone());
            label.ok_or(ConfigProblem::Labels { count, missing })
        };
        (0..count).map(label).collect()
    }
}

/// The text of a label, which may stand there as a number.
#[derive(Clone, Debug)]
pub(super) struct Label(String);

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(true) => Ok(Self("True".to_owned())),
            Value::Bool(false) => Ok(Self("False".to_owned())),
            other => Err(D::Error::custom(format_args!("{other} is no label"))),
        }
    }
}

/// A number that transformers lets be null where nothing reads it.
fn needed(key: &'static str, number: Option<u32>) -> Result<u32, ConfigProblem> {
    number.ok_or(ConfigProblem::Null { key })
}

fn activation(key: &'static str, name: &str) -> Result<Activation, ConfigProblem> {
    match name {
        "gelu" | "gelu_python" => Ok(Activation::Gelu),
        // The same formula, written down in five ways.
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_fast" | "gelu_accurate" => {
            Ok(Activation::GeluNew)
        }
        "relu" => Ok(Activation::Relu),
        "selu" => Ok(Activation::Selu),
        "silu" | "swish" => Ok(Activation::Silu),
        "tanh" => Ok(Activation::Tanh),
        other => Err(ConfigProblem::Activation { key, name: other.to_owned() }),
    }
}

/// Checked before a list of that length is made; whether it can be 0 is the format's to say.
fn at_most_max_labels(key: &'static str, found: u32) -> Result<(), ConfigProblem> {
    if u64::from(found) > limits::MAX_LABELS {
        return Err(ConfigProblem::TooMany { key, found, max: limits::MAX_LABELS });
    }
    Ok(())
}

/// Three lists of one length, side by side.
fn same_length(keys: &'static str, lists: [&Vec<u32>; 3]) -> Result<Vec<[u32; 3]>, ConfigProblem> {
    let lengths = lists.map(Vec::len);
    let [first, second, third] = lists;
    if lengths.iter().any(|&length| length != first.len()) {
        return Err(ConfigProblem::Uneven { keys, lengths });
    }
    Ok(first.iter().zip(second).zip(third).map(|((&a, &b), &c)| [a, b, c]).collect())
}
