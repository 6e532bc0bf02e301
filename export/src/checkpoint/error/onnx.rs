//! What is wrong with an ONNX graph.

/// Why an ONNX graph cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxProblem {
    /// Not an ONNX file, or cut off.
    #[error("not an ONNX file, or a damaged one ({0}); export or copy it again")]
    Damaged(String),
    /// A file without a graph.
    #[error("an ONNX file without a graph")]
    Empty,
    /// A node reads what nothing before it makes.
    #[error("damaged: {node} reads `{tensor}`, which nothing before it makes")]
    Unordered {
        /// The node.
        node: String,
        /// What it reads.
        tensor: String,
    },
    /// An operator that ONNX does not define.
    #[error(
        "{node} is an operator of `{domain}`; give the graph as it was before that was put in, say by an optimiser"
    )]
    Domain {
        /// The node.
        node: String,
        /// Whose operator it is.
        domain: String,
    },
    /// A path that is not Unicode.
    #[error("the path of its folder is not Unicode; move it elsewhere")]
    FolderName,
    /// Weights of fewer bits.
    #[error("a quantised graph (it has {operator}); give the one it was made from, and it is quantised here")]
    Quantised {
        /// The first operator of that kind.
        operator: String,
    },
    /// More inputs than the waveform.
    #[error("its inputs are `{names}`; export the model with the waveform alone (input_values)")]
    Inputs {
        /// Their names.
        names: String,
    },
    /// The input is no waveform.
    #[error("its input is no batch of waveforms; expected the shape (batch, samples)")]
    Waveform,
    /// No WavLM.
    #[error("no WavLM: it has no {lacks}")]
    NotWavlm {
        /// What every WavLM has.
        lacks: &'static str,
    },
    /// A node that does not fit what was recognised before it.
    #[error("{node} does not fit: expected {expected}")]
    Misfit {
        /// The node.
        node: String,
        /// What was expected there.
        expected: &'static str,
    },
    /// A weight that cannot be read.
    #[error("weight `{tensor}` cannot be read: {cause}")]
    Constant {
        /// Its name.
        tensor: String,
        /// Why.
        cause: String,
    },
    /// More than one head over the encoder.
    #[error(
        "more than one head behind its encoder; export each alone, and put them together here: NAME=SRC NAME=SRC"
    )]
    SeveralHeads,
    /// None of its outputs is one of a WavLM.
    #[error("none of its outputs is a state of the encoder, logits or embeddings")]
    Outputs,
}
