//! Checkpoints as models, without a file in between.

use std::path::Path;
use std::sync::Arc;

use wavlm_export::convert::{self, Progress, Source};
use wavlm_export::file::{self, Provenance, Replacements};
use wavlm_format::{ModelFile, Precision};
use wavlm_runtime::Model;

struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &str, _steps: usize) {}
    fn advance(&self) {}
    fn note(&self, _text: &str) {}
}

/// The model of a checkpoint folder, unverified: that is what the tests are for.
///
/// # Panics
/// If the checkpoint cannot be converted.
pub fn model_of(folder: &Path, precision: Precision) -> Model {
    let source = Source { name: None, folder: folder.to_owned() };
    let model = convert::read(&[source], None, &Silent).unwrap_or_else(|error| panic!("{error}"));
    let replacements = Replacements::new();
    let writer = file::build(&model, &replacements, precision, &Provenance::default(), || ());
    let bytes = writer.and_then(|writer| writer.to_bytes()).unwrap_or_else(|error| panic!("{error}"));
    Model::from_file(Arc::new(ModelFile::from_bytes(bytes).expect("a valid file")))
}
