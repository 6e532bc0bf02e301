//! Why a checkpoint is refused. Every message names the file, what is wrong, and what to do where that is not plain.

use std::path::PathBuf;

/// A file of a checkpoint, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct CheckpointError {
    /// The file or folder at fault.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

impl CheckpointError {
    /// `problem` with the file it was found in.
    pub(crate) fn new(path: impl Into<PathBuf>, problem: impl Into<Problem>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

/// What is wrong with a file of a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused to read it.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A JSON file is damaged, or a value in it has the wrong type.
    #[error("not the JSON expected: {0}")]
    Json(#[from] serde_json::Error),
    /// `config.json` or a file beside it describes no model that can be converted.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
    /// The folder or file holds no weights.
    #[error("no weights here; expected model.safetensors, model.safetensors.index.json or pytorch_model.bin")]
    NoWeights,
    /// A safetensors file, or the index of a sharded one, is damaged.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsProblem),
    /// A torch archive is damaged, or asks for something that is not allowed.
    #[error(transparent)]
    Torch(#[from] TorchProblem),
}

/// What is wrong with the description of the model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// Another family of models.
    #[error("model_type is `{0}`, not `wavlm`; only WavLM checkpoints can be converted")]
    ModelType(String),
    /// `architectures` names a class without a counterpart here.
    #[error("architecture `{0}` is unknown; say which head to export with --task")]
    Architecture(String),
    /// An activation that the runtime cannot compute.
    #[error("{key} is `{name}`; known are gelu, gelu_new, relu, selu, silu, swish and tanh")]
    Activation {
        /// Key of `config.json`.
        key: &'static str,
        /// Value found.
        name: String,
    },
    /// `feat_extract_norm` is neither of its two values.
    #[error("feat_extract_norm is `{0}`; known are group and layer")]
    StemNorm(String),
    /// More outputs than a file can describe.
    #[error("{key} is {found}; at most {max} can be exported")]
    TooMany {
        /// The key.
        key: &'static str,
        /// Value found.
        found: u32,
        /// Largest value.
        max: u64,
    },
    /// Lists that describe the same layers differ in length.
    #[error("{keys} have different lengths: {lengths:?}")]
    Uneven {
        /// The keys.
        keys: &'static str,
        /// Their lengths, in that order.
        lengths: [usize; 3],
    },
    /// Sizes that no model can have.
    #[error(transparent)]
    Impossible(#[from] wavlm_format::ConfigError),
    /// A head that transformers refuses to put behind an adapter.
    #[error("add_adapter is set, and a {0} head cannot follow an adapter")]
    Adapter(&'static str),
    /// `id2label` does not number its labels from 0.
    #[error("id2label has {count} labels but none numbered {missing}; expected 0, 1, 2, …")]
    Labels {
        /// Labels found.
        count: usize,
        /// First number missing.
        missing: usize,
    },
    /// Nothing says whether the waveform is to be normalised.
    #[error(
        "missing, so nobody knows whether to normalise the waveform; copy it from the checkpoint's \
         origin, or write {{\"do_normalize\": false}} for WavLM Base and Base+, true for Large"
    )]
    NoPreprocessor,
    /// Audio at another rate.
    #[error("sampling_rate is {0}; only models of 16000 Hz can be converted")]
    SamplingRate(u32),
}

/// What is wrong with a safetensors file or the index of a sharded one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsProblem {
    /// `git clone` without `git lfs`.
    #[error("a Git LFS pointer, not the weights; run `git lfs pull` in the checkpoint's folder")]
    LfsPointer,
    /// The header cannot be parsed.
    #[error("damaged safetensors header: {0}")]
    Header(String),
    /// Header and length of the file disagree.
    #[error("{found} bytes long where its header describes {expected}; copy or download it again")]
    Length {
        /// Length of the file.
        found: u64,
        /// Length that the header implies.
        expected: u64,
    },
    /// A shard outside the checkpoint's folder.
    #[error("shard `{0}` is not a plain file name; shards lie beside their index")]
    ShardName(String),
    /// The index promises a tensor that its shard lacks.
    #[error("shard `{shard}` lacks tensor `{tensor}`; copy or download it again")]
    NotInShard {
        /// File name of the shard.
        shard: String,
        /// Name of the tensor.
        tensor: String,
    },
}

/// What is wrong with a `pytorch_model.bin`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchProblem {
    /// Not the format of torch 1.6 and later.
    #[error("not a zip archive as torch 1.6 and later write; load and save it again with a current torch")]
    NotZip,
    /// The archive's directory is damaged.
    #[error("damaged zip archive: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// An entry that every torch archive has.
    #[error("no entry `{0}` in the archive")]
    NoEntry(String),
    /// torch stores its entries as they are.
    #[error("entry `{0}` is compressed; torch.save never does that")]
    Compressed(String),
    /// Written on a big-endian machine.
    #[error("written in {0}-endian byte order; only little-endian can be read")]
    ByteOrder(String),
    /// The pickle names something outside the allow-list: the file may be malicious.
    #[error("its pickle asks for `{0}`, which is not on the list of harmless names; nothing was executed")]
    Global(String),
    /// An allowed name, used as torch does not use it.
    #[error("damaged pickle at byte {offset}: {what}")]
    Pickle {
        /// Byte within `data.pkl`.
        offset: usize,
        /// What was found or expected.
        what: &'static str,
    },
    /// The pickle is larger than any model's.
    #[error("its pickle has {0} bytes, more than any model's")]
    PickleSize(u64),
    /// A tensor reaches outside its storage, or its size overflows.
    #[error("tensor `{0}` reaches outside its storage")]
    Bounds(String),
    /// Tensors share storage so often that reading them would fill the memory.
    #[error("its tensors are together larger than the file; the pickle was not written by torch.save")]
    Inflated,
    /// A storage holds fewer or more bytes than the pickle says.
    #[error("storage `{key}` has {found} bytes where the pickle says {expected}")]
    Storage {
        /// Name of the storage within the archive.
        key: String,
        /// Bytes of the entry.
        found: u64,
        /// Bytes that the pickle implies.
        expected: u64,
    },
}
