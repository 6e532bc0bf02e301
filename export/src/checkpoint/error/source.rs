//! What users give in place of a checkpoint, and the line that helps each of them.

use std::path::PathBuf;

/// What was given instead of a checkpoint's folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceProblem {
    /// Nothing of that name.
    #[error("no such file or folder")]
    Missing,
    /// A name on the Hugging Face hub.
    #[error(
        "no such folder; if it is a model on huggingface.co, download it first: \
         `hf download {id} --local-dir {folder}`, then give `{folder}`"
    )]
    HubId {
        /// Owner and name.
        id: String,
        /// Where to put it.
        folder: String,
    },
    /// No configuration, but perhaps in a folder inside.
    #[error("no config.json here; give the folder that save_pretrained wrote{}", inside(folder))]
    NoConfig {
        /// A folder inside that has one.
        folder: Option<PathBuf>,
    },
    /// A configuration without weights.
    #[error(
        "no weights here; expected model.safetensors, pytorch_model.bin, or either in shards with an index{}",
        candidates(files)
    )]
    NoWeights {
        /// Files that may hold them under another name.
        files: Vec<String>,
    },
    /// A part of the weights.
    #[error("one of several files that hold the weights together; give their folder")]
    Shard,
    /// Weights of another framework.
    #[error(
        "weights of {framework}; load them in Python with from_pretrained(…, {option}=True), then save_pretrained"
    )]
    OtherFramework {
        /// Its name.
        framework: &'static str,
        /// What transformers wants to be told.
        option: &'static str,
    },
    /// An ONNX graph, for a program without the feature that reads them.
    #[error(
        "an ONNX graph, which this program was built without; build wavlm-export with its default features"
    )]
    NoOnnx,
    /// Converted already.
    #[error("a .wlm model already; `wavlm-export inspect` says what it holds")]
    Converted,
    /// A file of another kind.
    #[error(
        "not a checkpoint; expected a folder that save_pretrained wrote, a file of weights in one, or an ONNX graph"
    )]
    NotWeights,
}

impl SourceProblem {
    pub(crate) const TENSORFLOW: Self = Self::OtherFramework { framework: "TensorFlow", option: "from_tf" };
    pub(crate) const FLAX: Self = Self::OtherFramework { framework: "Flax", option: "from_flax" };
}

fn inside(folder: &Option<PathBuf>) -> String {
    folder.as_ref().map_or_else(String::new, |folder| format!(", such as `{}`", folder.display()))
}

fn candidates(files: &[String]) -> String {
    match files {
        [] => String::new(),
        files => format!("; if one of these holds them, give that file itself: {}", files.join(", ")),
    }
}
