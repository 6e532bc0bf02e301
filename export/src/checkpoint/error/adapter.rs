//! Why an adapter (PEFT) cannot be merged into the weights. Its tensors change every answer, so they are never left out.

/// How a user merges an adapter.
const MERGE: &str = "merge it in Python: model.merge_and_unload().save_pretrained(\"merged\")";

/// What is wrong with an adapter. Names of tensors are those of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterProblem {
    /// Tensors of an adapter, and nothing that says how to apply them.
    #[error(
        "`{tensor}` is part of a PEFT adapter that is not merged; {}, or put its adapter_config.json beside the weights",
        MERGE
    )]
    Unmerged {
        /// One of them.
        tensor: String,
    },
    /// Tensors of an adapter that cannot be merged here.
    #[error("`{tensor}` is part of a PEFT adapter that cannot be merged here; {}", MERGE)]
    Unknown {
        /// One of them.
        tensor: String,
    },
    /// A trained copy of a layer, and nothing that says that it counts.
    #[error(
        "`{tensor}` is a trained copy of a layer, and no adapter_config.json beside it says that it counts; {}",
        MERGE
    )]
    Copy {
        /// One of its tensors.
        tensor: String,
    },
    /// An adapter without its base.
    #[error(
        "a PEFT adapter, not a whole model, and its base `{base}` is no folder here; merge them in Python: \
         PeftModel.from_pretrained(base_model, \"{folder}\").merge_and_unload().save_pretrained(\"merged\")"
    )]
    NoBase {
        /// The base as the adapter names it.
        base: String,
        /// The adapter's folder.
        folder: String,
    },
    /// An adapter's configuration without its weights.
    #[error("an adapter's configuration without adapter_model.safetensors or adapter_model.bin beside it")]
    NoWeights,
    /// A model and an adapter in one folder.
    #[error(
        "a model lies beside this adapter, and nothing says whether the adapter is merged into it; \
         remove the adapter's two files if it is, or the model's if it is not"
    )]
    Beside,
    /// Not LoRA.
    #[error("peft_type is `{found}`; only LORA can be merged here; {}", MERGE)]
    Kind {
        /// Value found.
        found: String,
    },
    /// Something in the configuration that changes what the adapter does.
    #[error("`{key}` is set, which cannot be merged here; {}", MERGE)]
    Variant {
        /// The key of `adapter_config.json`.
        key: String,
    },
    /// `rank_pattern` or `alpha_pattern` names a layer in more than one way, or by a regular expression.
    #[error(
        "`{key}` names `{module}` by `{pattern}`, which is not a plain name or not the only one; {}",
        MERGE
    )]
    Pattern {
        /// The key of `adapter_config.json`.
        key: &'static str,
        /// What it says.
        pattern: String,
        /// The layer.
        module: String,
    },
    /// Two adapters over one model.
    #[error(
        "adapters `{first}` and `{second}` in one file, and nothing says which counts; merge one in Python: \
         model.set_adapter(\"{first}\"), then model.merge_and_unload().save_pretrained(\"merged\")"
    )]
    Two {
        /// One adapter's name.
        first: String,
        /// The other's.
        second: String,
    },
    /// The configuration lacks a number that says how strong the adapter is.
    #[error(
        "`{key}` is missing from adapter_config.json, so nobody knows how strong the adapter is; copy it again"
    )]
    NotGiven {
        /// The key.
        key: &'static str,
    },
    /// A layer's adapter lacks one of its parts.
    #[error("the adapter of `{module}` lacks its {part}; save or copy it again")]
    Incomplete {
        /// The layer.
        module: String,
        /// What is missing.
        part: &'static str,
    },
    /// The rank of the tensors is not the one that the configuration gives.
    #[error(
        "the adapter of `{module}` has rank {found}, adapter_config.json says {expected}; they do not belong together"
    )]
    Rank {
        /// The layer.
        module: String,
        /// Rows of its first matrix.
        found: usize,
        /// What `r` or `rank_pattern` says.
        expected: u32,
    },
    /// The tensors do not fit the layer.
    #[error("the adapter of `{module}` has other shapes than its layer; they do not belong together")]
    Shape {
        /// The layer.
        module: String,
    },
}
