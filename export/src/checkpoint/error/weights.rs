//! What is wrong with files of weights.

/// What is wrong with a safetensors file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsProblem {
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
}

/// What is wrong with the index of weights in several files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardProblem {
    /// A shard outside the checkpoint's folder.
    #[error("shard `{0}` is not a plain file name; shards lie beside their index")]
    Name(String),
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
    /// Neither of the two formats of `torch.save`.
    #[error(
        "not a file of torch.save; load it with the program that wrote it, and save its state_dict() with torch"
    )]
    NotTorch,
    /// A file of torch before 1.6 is cut off, or something follows it.
    #[error("{found} bytes long where its pickles describe {expected}; copy or download it again")]
    Length {
        /// Length of the file.
        found: u64,
        /// Length that the pickles imply.
        expected: u64,
    },
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
    /// A dict without tensors.
    #[error("holds no state dict{}; save the model's state_dict()", holds(.0))]
    NoStateDict(Vec<String>),
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

/// What a pickle holds instead of a state dict.
fn holds(keys: &[String]) -> String {
    match keys {
        [] => String::new(),
        keys => format!(" but `{}`", keys.join("`, `")),
    }
}
