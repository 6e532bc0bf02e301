//! Text or phones that somebody typed, as ways to say it.

use wavlm_lexicon::{Phone, PhoneError, PhraseError, phones_of, say};
use wavlm_runtime::tasks::phrases::{Alphabet, SpellingError};

/// How a phrase may be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Each way, as phones; at least one.
    pub ways: Vec<Vec<Phone>>,
    /// Words whose phones were guessed from their letters.
    pub guessed: Vec<String>,
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpokenError {
    /// The text.
    #[error("{text:?}: {error}")]
    Text {
        /// What was typed.
        text: String,
        /// What is wrong with it.
        error: PhraseError,
    },
    /// Phones.
    #[error("{text:?}: {error}")]
    Phones {
        /// What was typed.
        text: String,
        /// What is wrong with them.
        error: PhoneError,
    },
}

impl Spoken {
    /// The ways to say English words.
    ///
    /// # Errors
    /// There is no word in the text, or something that is part of none.
    pub fn of_text(text: &str) -> Result<Self, SpokenError> {
        let ways = say(text).map_err(|error| SpokenError::Text { text: text.to_owned(), error })?;
        let guessed = ways.first().map(|way| way.guessed.clone()).unwrap_or_default();
        Ok(Spoken { ways: ways.into_iter().map(|way| way.phones).collect(), guessed })
    }

    /// The ways that somebody typed, ARPAbet or IPA each.
    ///
    /// # Errors
    /// Something is neither.
    pub fn of_phones(texts: &[String]) -> Result<Self, SpokenError> {
        let phones = |text: &String| {
            phones_of(text).map_err(|error| SpokenError::Phones { text: text.clone(), error })
        };
        Ok(Spoken { ways: texts.iter().map(phones).collect::<Result<_, _>>()?, guessed: Vec::new() })
    }

    /// The ways as a head's tokens.
    ///
    /// # Errors
    /// The head does not say one of the phones.
    pub fn spell(&self, alphabet: &Alphabet) -> Result<Vec<Vec<usize>>, SpellingError> {
        self.ways.iter().map(|way| alphabet.spell(way.iter().map(|phone| phone.name()))).collect()
    }

    /// Each way as text: ARPAbet with spaces between.
    pub fn texts(&self) -> Vec<String> {
        self.ways.iter().map(|way| text(way)).collect()
    }
}

/// Phones as text.
fn text(phones: &[Phone]) -> String {
    phones.iter().map(|phone| phone.name()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_phones_are_ways() {
        let spoken = Spoken::of_text("Hey, computer!").expect("words");
        assert_eq!((spoken.texts(), spoken.guessed), (vec!["HH EY K AH M P Y UW T ER".to_owned()], vec![]));
        assert_eq!(Spoken::of_text("hey wavlmite").expect("words").guessed, ["wavlmite"]);
        let typed = Spoken::of_phones(&["HH EY".to_owned(), "həˈloʊ".to_owned()]).expect("phones");
        assert_eq!(typed.texts(), ["HH EY", "HH AH L OW"]);
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        assert!(Spoken::of_text("route 66").expect_err("refused").to_string().contains("\"route 66\": '6'"));
        assert!(Spoken::of_phones(&["HH QQ".to_owned()]).expect_err("refused").to_string().contains("QQ"));
    }
}
