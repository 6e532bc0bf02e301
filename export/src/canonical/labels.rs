//! Texts for labels that a checkpoint leaves without.

use std::collections::HashSet;

use wavlm_format::HeadKind;

use super::model::CanonicalModel;

/// Why labels cannot be given those texts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// An empty line.
    #[error("line {0} is empty; expected one label on each line")]
    Empty(usize),
    /// A text twice.
    #[error("label `{0}` stands there twice")]
    Twice(String),
    /// No head that they fit.
    #[error(
        "{count} labels, and {heads}; expected as many as a head has outputs whose checkpoint does not name them"
    )]
    NoHead {
        /// Labels in the file.
        count: usize,
        /// The heads there are.
        heads: String,
    },
}

impl CanonicalModel {
    /// Gives the labels of every head with as many outputs, whose checkpoint does not name them, these texts.
    ///
    /// # Errors
    /// There is no such head, or a text is empty or stands there twice.
    pub fn name_labels(&mut self, texts: &[String]) -> Result<(), LabelsError> {
        if let Some(line) = texts.iter().position(String::is_empty) {
            return Err(LabelsError::Empty(line + 1));
        }
        let mut known = HashSet::new();
        if let Some(twice) = texts.iter().find(|text| !known.insert(text.as_str())) {
            return Err(LabelsError::Twice(twice.clone()));
        }
        let mut named = false;
        for head in &mut self.heads {
            if let HeadKind::Sequence { labels, .. } | HeadKind::Frame { labels } = &mut head.kind
                && labels.len() == texts.len()
                && are_made_up(labels)
            {
                labels.clone_from_slice(texts);
                named = true;
            }
        }
        if named {
            return Ok(());
        }
        let heads = self.heads.iter().map(|head| {
            let labels = head.kind.labels();
            let named = if are_made_up(labels) { "without names" } else { "with names" };
            format!("head `{}` has {} {named}", head.name, labels.len())
        });
        let heads = heads.collect::<Vec<_>>().join(", ");
        let heads = if heads.is_empty() { "no head".to_owned() } else { heads };
        Err(LabelsError::NoHead { count: texts.len(), heads })
    }
}

/// Whether labels are those that transformers makes up.
fn are_made_up(labels: &[String]) -> bool {
    labels.iter().enumerate().all(|(number, label)| *label == format!("LABEL_{number}"))
}
