//! How well a model file does its tasks on recordings whose answers are known.
//!
//! Words are judged as single clips, as the spotter hears them, and by false alarms in running speech; voices by all
//! pairs of recordings; everything with the very code that runs on a device.

mod invariances;
mod listen;
mod manifest;
mod perturb;
mod points;
mod speakers;
mod speech;
mod text;
mod turns;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::Serialize;
use wavlm_runtime::Model;

use crate::audio::AudioError;
use crate::progress::Progress;
pub use invariances::{Invariance, invariances};
pub use manifest::{Kind, Manifest, Row};
pub use perturb::{PerturbError, Perturbation};
pub use points::Point;
pub use speakers::{Normalised, SpeakerResult};
pub use speech::{Alarm, FalseAlarms, SpeechResult};
pub use text::{Rates, TextResult};
pub use turns::TurnResult;
pub use words::{Spotted, WordResult};

/// The results, by kind and group.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Figures {
    /// Clips of single words.
    Word(WordResult),
    /// Running speech without keywords.
    Speech(SpeechResult),
    /// Pairs of voices.
    Speaker(SpeakerResult),
    /// Recordings whose words are known.
    Text(TextResult),
    /// Recordings of which it is known who speaks when.
    Turns(TurnResult),
}

/// What one head does on one group of recordings.
#[derive(Clone, Debug, Serialize)]
pub struct GroupResult {
    /// The head.
    pub head: String,
    /// The group.
    pub group: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Why there are no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The manifest is not as it should be.
    #[error("{}: {cause}; expected the columns file,kind,label,group, kinds word, speech, phrase, speaker, cohort, text and turns", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        cause: csv::Error,
    },
    /// The manifest lists nothing.
    #[error("{}: no recordings listed", path.display())]
    Empty {
        /// The manifest.
        path: PathBuf,
    },
    /// A label that the head does not know.
    #[error("{}: line {line}: label `{label}` is none of the head's: {known}", path.display())]
    Label {
        /// The manifest.
        path: PathBuf,
        /// Line of the row.
        line: u64,
        /// The label.
        label: String,
        /// The head's labels.
        known: String,
    },
    /// Nobody knows who speaks when.
    #[error("{}: cannot be read: {cause}; the label of a row of kind turns is the path of an RTTM file", path.display())]
    Reference {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A line that is no turn.
    #[error(
        "{}: line {line} is no turn; expected SPEAKER file 1 start duration <NA> <NA> name <NA> <NA>, times in seconds",
        path.display()
    )]
    Rttm {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The model cannot be run.
    #[error("the model cannot be run: {cause}")]
    Model {
        /// The runtime's words.
        cause: wavlm_runtime::Error,
    },
    /// The model cannot be run on this recording.
    #[error("{}: {cause}", file.display())]
    Run {
        /// The recording.
        file: PathBuf,
        /// The runtime's words.
        cause: wavlm_runtime::Error,
    },
    /// The manifest has recordings of a kind for which the model has no head.
    #[error("{}: lists recordings of kind {kind:?}, for which the model has no head; remove them or take another model",
        path.display())]
    NoHead {
        /// The manifest.
        path: PathBuf,
        /// The kind.
        kind: Kind,
    },
    /// The head's stored decision makes no sense.
    #[error(
        "head `{head}` of the model cannot be used to slide: {cause}; export it again with another decision.json"
    )]
    Decision {
        /// The head.
        head: String,
        /// What is wrong.
        cause: wavlm_runtime::tasks::words::DecisionError,
    },
    /// A recording cannot be perturbed.
    #[error("{}: {cause}", file.display())]
    Perturb {
        /// The recording.
        file: PathBuf,
        /// What failed.
        cause: PerturbError,
    },
    /// The model gives no direction for a voice.
    #[error("{}: the model's embedding has no direction", file.display())]
    NoVoice {
        /// The recording.
        file: PathBuf,
    },
}

/// Evaluates every head that the manifest has recordings for. With `against`, also counts the decisions that another
/// file of the same model would have made differently. Keywords are counted at these thresholds, too, beside those of the file.
pub fn evaluate(
    model: &Model,
    against: Option<&Model>,
    manifest: &Manifest,
    thresholds: &[f32],
    progress: &dyn Progress,
) -> Result<Vec<GroupResult>, EvaluateError> {
    let mut results = words::evaluate(model, against, manifest, thresholds, progress)?;
    results.extend(speech::evaluate(model, manifest, thresholds, progress)?);
    results.extend(speakers::evaluate(model, against, manifest, progress)?);
    results.extend(text::evaluate(model, manifest, progress)?);
    results.extend(turns::evaluate(model, manifest, progress)?);
    Ok(results)
}

/// Answers every row with a task of its own thread, in parallel; answers are in the order of the rows.
fn run_all<T, A: Send>(
    rows: &[&Row],
    start: impl Fn() -> Result<T, wavlm_runtime::Error> + Sync,
    answer: impl Fn(&mut T, &Row) -> Result<A, EvaluateError> + Sync,
    progress: &dyn Progress,
) -> Result<Vec<A>, EvaluateError> {
    let answers = rows.par_iter().map_init(
        || None,
        |task, row| {
            let task = match task {
                Some(task) => task,
                None => task.insert(start().map_err(|cause| EvaluateError::Model { cause })?),
            };
            let answer = answer(task, row);
            progress.advance();
            answer
        },
    );
    answers.collect()
}

/// Positions of the rows of each group.
fn by_group<'a>(rows: &[&'a Row]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        groups.entry(&row.group).or_default().push(index);
    }
    groups
}
