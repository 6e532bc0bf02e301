//! What a CTC head can say, and when.

use wavlm_format::{Head, HeadKind};

use crate::model::Model;
use crate::tasks::{find_ctc_head, fingerprint};

/// The tokens of a model's CTC head, and its frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphabet {
    tokens: Vec<String>,
    blank: usize,
    frame: usize,
    model: u32,
}

/// A token that the head does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model says no {0:?}")]
pub struct SpellingError(pub String);

impl Alphabet {
    /// The head that would be used: the CTC head named `phones`, or the model's first one.
    pub fn head(model: &Model) -> Option<&Head> {
        find_ctc_head(model.header())
    }

    /// That of a model; `None` if it has no CTC head, or an adapter behind its encoder, which leaves too few frames.
    pub fn of(model: &Model) -> Option<Self> {
        let encoder = &model.header().encoder;
        let head = Self::head(model).filter(|_| encoder.adapter.is_none())?;
        let HeadKind::Ctc { vocabulary, blank } = &head.kind else { return None };
        Some(Alphabet {
            tokens: vocabulary.clone(),
            blank: *blank as usize,
            frame: encoder.hop(),
            model: fingerprint(model.header(), &head.name),
        })
    }

    /// The numbers of tokens.
    ///
    /// # Errors
    /// One of them is none of this head's.
    pub fn spell<'a>(&self, tokens: impl IntoIterator<Item = &'a str>) -> Result<Vec<usize>, SpellingError> {
        let number = |token: &str| {
            let place =
                self.tokens.iter().position(|known| known == token).filter(|&place| place != self.blank);
            place.ok_or_else(|| SpellingError(token.to_owned()))
        };
        tokens.into_iter().map(number).collect()
    }

    /// Tokens as text, with spaces between.
    pub fn text(&self, numbers: &[usize]) -> String {
        let texts = numbers.iter().filter_map(|&number| self.tokens.get(number));
        texts.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is none; no model has such a head.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The number of the token that stands for none.
    pub fn blank(&self) -> usize {
        self.blank
    }

    /// Samples from one frame to the next.
    pub fn frame(&self) -> usize {
        self.frame
    }

    /// [`fingerprint`] of the model and of the head: another one's frames mean something else.
    pub fn model(&self) -> u32 {
        self.model
    }

    #[cfg(test)]
    pub(super) fn of_letters(letters: &str) -> Self {
        let tokens = std::iter::once("-".to_owned()).chain(letters.chars().map(String::from)).collect();
        Alphabet { tokens, blank: 0, frame: 320, model: 7 }
    }
}
