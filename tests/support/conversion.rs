//! Checkpoints as models, without a file in between.

use std::path::Path;
use std::sync::Arc;

use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::{Checkpoint, Task, Wanted};
use wavlm_export::convert::{self, Source};
use wavlm_export::file::{self, Provenance};
use wavlm_export::progress::Silent;
use wavlm_export::quantise::Prepared;
use wavlm_format::{ModelFile, Precision};
use wavlm_runtime::Model;

/// The f32 model of a checkpoint, or the message that refuses it, which must be one line.
///
/// # Errors
/// The message.
pub fn read_checkpoint(path: &Path, task: Option<Task>) -> Result<CanonicalModel, String> {
    let model = Checkpoint::open(path, &Wanted::task(task)).map_err(|error| error.to_string()).and_then(
        |checkpoint| CanonicalModel::from_checkpoint(checkpoint, None).map_err(|error| error.to_string()),
    );
    model.inspect_err(|message| assert!(!message.contains('\n'), "{message}"))
}

/// Whether two models are the same bit for bit.
///
/// # Panics
/// If they are not, naming what differs.
pub fn assert_same(a: &CanonicalModel, b: &CanonicalModel) {
    assert_eq!((&a.encoder, &a.heads, a.preprocessing), (&b.encoder, &b.heads, b.preprocessing));
    assert_eq!(a.tensors.iter().len(), b.tensors.iter().len());
    for (a, b) in a.tensors.iter().zip(b.tensors.iter()) {
        assert_eq!(a.name, b.name);
        assert!(a.values == b.values, "{} differs", a.name);
    }
}

/// The model of a checkpoint folder, unverified: that is what the tests are for.
///
/// # Panics
/// If the checkpoint cannot be converted.
pub fn model_of(folder: &Path, precision: Precision) -> Model {
    model_as(folder, None, precision)
}

/// The same with the head that somebody says it has.
///
/// # Panics
/// If the checkpoint cannot be converted.
pub fn model_as(checkpoint: &Path, task: Option<Task>, precision: Precision) -> Model {
    let source = Source { name: None, folder: checkpoint.to_owned() };
    let model =
        convert::read(&[source], &Wanted::task(task), &Silent).unwrap_or_else(|error| panic!("{error}"));
    let prepared = Prepared::default();
    let writer = file::build(&model, &prepared, precision, &Provenance::default(), || ());
    let bytes = writer.and_then(|writer| writer.to_bytes()).unwrap_or_else(|error| panic!("{error}"));
    Model::from_file(Arc::new(ModelFile::from_bytes(bytes).expect("a valid file")))
}
