//! What a session can give: names and shapes of its outputs.

use std::fmt;

use crate::config::{EncoderConfig, Head, HeadKind};

/// An output of the model, as one utterance gives it; a batch has one dimension more in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSpec {
    /// The name that transformers gives it; in files with several heads, a head's outputs begin with its name.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<Dim>,
}

/// One dimension of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    /// The same for every sound.
    Fixed(u64),
    /// Frames that the stem makes of the sound: [`EncoderConfig::frames`].
    Frames,
    /// Frames of the last hidden state: [`EncoderConfig::output_frames`].
    OutputFrames,
}

/// Outputs of the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseOutputs {
    /// The encoder's result, behind the adapter if there is one.
    pub last_hidden_state: OutputSpec,
    /// The stem's features behind their layer norm.
    pub extract_features: OutputSpec,
    /// Input of the first layer, then the output of each.
    pub hidden_states: Vec<OutputSpec>,
    /// Attention weights of each layer that attends: how much each frame (row) reads of every frame.
    pub attentions: Vec<Option<OutputSpec>>,
}

/// Outputs of one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadOutputs {
    /// Scores before softmax or sigmoid, one per label or token.
    pub logits: OutputSpec,
    /// The speaker embedding of an x-vector head.
    pub embeddings: Option<OutputSpec>,
}

impl OutputSpec {
    fn new(name: impl Into<String>, shape: &[Dim]) -> Self {
        Self { name: name.into(), shape: shape.to_vec() }
    }

    /// The sizes for an utterance of `samples` samples; `None` if it is too short to have frames.
    pub fn sizes(&self, encoder: &EncoderConfig, samples: usize) -> Option<Vec<usize>> {
        let size = |dim: &Dim| match dim {
            Dim::Fixed(size) => usize::try_from(*size).ok(),
            Dim::Frames => encoder.frames(samples),
            Dim::OutputFrames => encoder.output_frames(samples),
        };
        self.shape.iter().map(size).collect()
    }
}

impl fmt::Display for OutputSpec {
    /// Such as `logits [output frames, 32]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.shape.iter().map(Dim::to_string).collect();
        write!(f, "{} [{}]", self.name, dims.join(", "))
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(size) => write!(f, "{size}"),
            Dim::Frames => write!(f, "frames"),
            Dim::OutputFrames => write!(f, "output frames"),
        }
    }
}

impl BaseOutputs {
    pub(super) fn of(encoder: &EncoderConfig) -> Self {
        let hidden = Dim::Fixed(encoder.hidden_size.into());
        let [stem, output] =
            [encoder.stem_width(), encoder.output_width()].map(|size| Dim::Fixed(size as u64));
        let states = 0..=encoder.num_layers;
        let attention = |i: u32| {
            let heads = encoder.layer(i as usize).heads.len() as u64;
            let shape = [Dim::Fixed(heads), Dim::Frames, Dim::Frames];
            (heads > 0).then(|| OutputSpec::new(format!("attentions.{i}"), &shape))
        };
        Self {
            last_hidden_state: OutputSpec::new("last_hidden_state", &[Dim::OutputFrames, output]),
            extract_features: OutputSpec::new("extract_features", &[Dim::Frames, stem]),
            hidden_states: states
                .map(|i| OutputSpec::new(format!("hidden_states.{i}"), &[Dim::Frames, hidden]))
                .collect(),
            attentions: (0..encoder.num_layers).map(attention).collect(),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OutputSpec> {
        let Self { last_hidden_state, extract_features, hidden_states, attentions } = self;
        [last_hidden_state, extract_features]
            .into_iter()
            .chain(hidden_states)
            .chain(attentions.iter().flatten())
    }
}

impl HeadOutputs {
    pub(super) fn of(head: &Head, prefixed: bool) -> Self {
        let prefix = if prefixed { format!("{}.", head.name) } else { String::new() };
        let scores = Dim::Fixed(head.kind.labels().len() as u64);
        let logits = |shape: &[Dim]| OutputSpec::new(format!("{prefix}logits"), shape);
        let (logits, embedding) = match &head.kind {
            HeadKind::Ctc { .. } => (logits(&[Dim::OutputFrames, scores]), None),
            HeadKind::Frame { .. } => (logits(&[Dim::Frames, scores]), None),
            HeadKind::Sequence { .. } => (logits(&[scores]), None),
            HeadKind::XVector { embedding, .. } => (logits(&[scores]), Some(u64::from(*embedding))),
        };
        let embeddings =
            embedding.map(|size| OutputSpec::new(format!("{prefix}embeddings"), &[Dim::Fixed(size)]));
        Self { logits, embeddings }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &OutputSpec> {
        [&self.logits].into_iter().chain(&self.embeddings)
    }
}
