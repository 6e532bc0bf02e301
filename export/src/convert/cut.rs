//! A model to its first layers.

use wavlm_format::Agreement;

use super::ConvertError;
use crate::agreement::Agreements;
use crate::audio::Recording;
use crate::canonical::CanonicalModel;
use crate::extent;
use crate::oracle::Oracle;
use crate::reference::{Output, Reference};

/// The first layers of a model alone, and how close its results are to those of all layers.
///
/// # Errors
/// A head needs the layers that would be cut off.
pub fn cut(
    model: &CanonicalModel,
    layers: u32,
    recordings: &[Recording],
) -> Result<(CanonicalModel, Vec<Agreement>), ConvertError> {
    let shorter = model.cut(layers)?;
    let mut agreements = Agreements::default();
    let (whole, part) = (Oracle::new(model), Oracle::new(&shorter));
    for recording in extent::fit(&model.encoder, &model.heads, recordings).recordings {
        let (Ok(expected), Ok(found)) = (whole.outputs(&recording.samples), part.outputs(&recording.samples))
        else {
            continue;
        };
        for expected in expected.iter().filter(|output| output.is_result(!model.heads.is_empty())) {
            let same = |found: &&Output| (&found.head, &found.name) == (&expected.head, &expected.name);
            if let Some(found) = found.iter().find(same) {
                let head = expected.head.as_ref().map_or_else(String::new, |head| format!("{head}."));
                agreements.add(&format!("{head}{}", expected.name), &found.values, &expected.values);
            }
        }
    }
    Ok((shorter, agreements.into_lines()))
}
