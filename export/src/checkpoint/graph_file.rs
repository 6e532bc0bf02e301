//! What is known of a file with an ONNX graph, whether or not this program can read it.

use std::path::{Path, PathBuf};

/// The file of a graph, and which of its outputs are whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxFile {
    /// The file.
    pub path: PathBuf,
    /// Index of an output of the graph, and what the runtime calls it.
    pub outputs: Vec<(usize, String)>,
    /// The only number of samples that the graph takes, if it was exported for one.
    pub samples: Option<usize>,
}

/// Whether a path is called like a graph.
pub(super) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}
