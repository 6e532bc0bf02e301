//! A list of recordings and what is known of them: CSV with the columns `file,kind,label,group`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use wavlm_format::Head;

use super::EvaluateError;

/// What a recording is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One word; its label is one of the head's.
    Word,
    /// Running speech without any keyword.
    Speech,
    /// A phrase of any words; its label is their text.
    Phrase,
    /// One voice; its label is who speaks.
    Speaker,
    /// A voice that is nobody's claim: scores are compared with those to all of these.
    Cohort,
    /// Speech; its label is what is said.
    Text,
    /// Speech of several; its label is the path of an RTTM file that tells who speaks when.
    Turns,
}

/// One recording.
#[derive(Clone, Debug)]
pub struct Row {
    /// The WAV file.
    pub file: PathBuf,
    /// What it is for.
    pub kind: Kind,
    /// What is known of it.
    pub label: String,
    /// Recordings that are reported on together.
    pub group: String,
    /// Line of the manifest, for messages.
    pub line: u64,
}

impl Row {
    /// The error that the model cannot be run on it.
    pub(super) fn failed(&self) -> impl Fn(wavlm_runtime::Error) -> EvaluateError + use<'_> {
        |cause| EvaluateError::Run { file: self.file.clone(), cause }
    }
}

/// The rows of a manifest, in its order.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The manifest.
    pub path: PathBuf,
    /// Its rows; at least one.
    pub rows: Vec<Row>,
}

impl Manifest {
    /// Reads a manifest; the files that it lists lie relative to it.
    pub fn read(path: &Path) -> Result<Self, EvaluateError> {
        #[derive(Deserialize)]
        struct Record {
            file: PathBuf,
            kind: Kind,
            label: String,
            group: String,
        }
        let fail = |cause| EvaluateError::Manifest { path: path.to_owned(), cause };
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut reader = csv::Reader::from_path(path).map_err(fail)?;
        let mut rows = Vec::new();
        for (index, record) in reader.deserialize().enumerate() {
            let Record { file, kind, label, group } = record.map_err(fail)?;
            rows.push(Row { file: folder.join(file), kind, label, group, line: index as u64 + 2 });
        }
        if rows.is_empty() {
            return Err(EvaluateError::Empty { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), rows })
    }

    /// The rows of one kind.
    pub fn of(&self, kind: Kind) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.kind == kind).collect()
    }

    /// The model's head for rows of one kind, or the error that it has none.
    pub(super) fn head_for<'a>(&self, kind: Kind, head: Option<&'a Head>) -> Result<&'a Head, EvaluateError> {
        head.ok_or_else(|| EvaluateError::NoHead { path: self.path.clone(), kind })
    }

    /// The error that a row's label is not one of `known`.
    pub(super) fn unknown_label(&self, row: &Row, known: &[String]) -> EvaluateError {
        EvaluateError::Label {
            path: self.path.clone(),
            line: row.line,
            label: row.label.clone(),
            known: known.join(", "),
        }
    }
}
