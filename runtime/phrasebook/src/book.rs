//! The file of words.
//!
//! ```toml
//! model = "1a2b3c4d"             # whose thresholds these are
//! keywords = ["go"]              # the model's own words that are heard, too
//!
//! [[phrase]]
//! text = "hey computer"
//! phones = ["HH EY K AH M P Y UW T ER"]
//! threshold = 0.31
//! false_alarms_per_hour = 0.5    # what the threshold was chosen for
//! only = ["anna"]                # whose voices count; anybody's if it is left out
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;
use wavlm_runtime::tasks::phrases::{Alphabet, Phrase, SpellingError};
use wavlm_settings::Settings;

/// Most phrases of a file, ways of a phrase and phones of a way.
const MOST_PHRASES: usize = 500;
const MOST_WAYS: usize = 32;
const MOST_PHONES: usize = 200;
/// Longest text, in bytes.
const LONGEST: usize = 200;

/// What is listened for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Book {
    /// The fingerprint of the model that the thresholds are of, in hexadecimal digits; needed where there is a phrase.
    pub model: Option<String>,
    /// Keywords of the model that are listened for, too.
    pub keywords: Vec<String>,
    /// The phrases.
    #[serde(rename = "phrase")]
    pub phrases: Vec<Entry>,
}

/// One phrase.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is called in events.
    pub text: String,
    /// The ways to say it, each as tokens with spaces between.
    pub phones: Vec<String>,
    /// Smallest score that counts, 0 to 1.
    pub threshold: f32,
    /// The false alarms an hour that the threshold was chosen for.
    pub false_alarms_per_hour: Option<f64>,
    /// Whose voices count; anybody's if it is empty.
    #[serde(default)]
    pub only: Vec<String>,
}

/// Why a book cannot be used with a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Its thresholds are another model's.
    #[error("its thresholds are those of another model; add its phrases again with `wavlm words add`")]
    OtherModel,
    /// The model does not know a phone.
    #[error("{text:?}: {error}")]
    Spelling {
        /// The phrase.
        text: String,
        /// The phone.
        error: SpellingError,
    },
}

impl Entry {
    /// The ways to say it, as a model's tokens.
    ///
    /// # Errors
    /// A phone is none of the model's.
    pub fn ways(&self, alphabet: &Alphabet) -> Result<Vec<Vec<usize>>, BookError> {
        let spell = |way: &String| alphabet.spell(way.split_whitespace());
        let ways = self.phones.iter().map(spell).collect::<Result<_, _>>();
        ways.map_err(|error| BookError::Spelling { text: self.text.clone(), error })
    }
}

impl Settings for Book {
    fn check(&self) -> Result<(), String> {
        let mut texts = BTreeSet::new();
        if self.phrases.len() > MOST_PHRASES {
            return Err(format!("there are more than {MOST_PHRASES} phrases"));
        }
        if self.model.is_none() && !self.phrases.is_empty() {
            return Err(
                "it has phrases and does not say whose thresholds they have; add them with `wavlm words add`"
                    .to_owned(),
            );
        }
        for entry in &self.phrases {
            let Entry { text, phones, threshold, .. } = entry;
            let is_name =
                !text.trim().is_empty() && text.len() <= LONGEST && !text.contains(char::is_control);
            if !is_name {
                return Err(format!("{text:?} is no text of a phrase"));
            }
            if !texts.insert(text) {
                return Err(format!("{text:?} stands there twice"));
            }
            let is_way = |way: &String| (1..=MOST_PHONES).contains(&way.split_whitespace().count());
            if !(1..=MOST_WAYS).contains(&phones.len()) || !phones.iter().all(is_way) {
                return Err(format!("{text:?} needs 1 to {MOST_WAYS} ways of 1 to {MOST_PHONES} phones"));
            }
            if !(0.0..=1.0).contains(threshold) {
                return Err(format!("the threshold of {text:?} is {threshold}; it must be from 0 to 1"));
            }
        }
        Ok(())
    }
}

impl Book {
    /// What a spotter listens for.
    ///
    /// # Errors
    /// The thresholds are another model's, or a phone is none of this one's.
    pub fn phrases(&self, alphabet: &Alphabet) -> Result<Vec<Phrase>, BookError> {
        if !self.is_for(alphabet) {
            return Err(BookError::OtherModel);
        }
        let phrase = |entry: &Entry| {
            Ok(Phrase { name: entry.text.clone(), ways: entry.ways(alphabet)?, threshold: entry.threshold })
        };
        self.phrases.iter().map(phrase).collect()
    }

    /// Whether its thresholds are those of the model that speaks this alphabet; so are those of no phrase.
    pub fn is_for(&self, alphabet: &Alphabet) -> bool {
        self.model.as_ref().is_none_or(|model| *model == name_of(alphabet))
    }

    /// The voices that its phrases are for.
    pub fn voices(&self) -> impl Iterator<Item = &String> {
        self.phrases.iter().flat_map(|entry| &entry.only)
    }

    /// Whose voices may say a phrase; anybody's if there is none.
    pub fn only(&self, text: &str) -> &[String] {
        self.phrases.iter().find(|entry| entry.text == text).map_or(&[], |entry| &entry.only)
    }
}

/// How a book names a model.
pub(crate) fn name_of(alphabet: &Alphabet) -> String {
    format!("{:08x}", alphabet.model())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_it_is_documented() {
        let documented = include_str!("book.rs").lines().skip_while(|line| !line.contains("```toml")).skip(1);
        let text: String = documented
            .take_while(|line| !line.contains("```"))
            .map(|line| format!("{}\n", line.trim_start_matches("//!")))
            .collect();
        let book = Book::parse(&text).expect("a book");
        assert_eq!((book.keywords.len(), book.phrases.len()), (1, 1));
        assert_eq!(book.only("hey computer"), ["anna"]);
        assert!(book.only("something else").is_empty());
        assert_eq!(Book::parse(""), Ok(Book::default()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |text: &str| Book::parse(&format!("model = \"0\"\n{text}")).expect_err("refused");
        let phrase = |rest: &str| format!("[[phrase]]\ntext = \"a\"\n{rest}\n");
        let fine = phrase("phones = [\"AH\"]\nthreshold = 0.5");
        assert!(Book::parse(&format!("model = \"0\"\n{fine}")).is_ok());
        assert!(Book::parse(&fine).expect_err("refused").contains("whose thresholds"));
        assert!(refused(&format!("{fine}{fine}")).contains("\"a\" stands there twice"));
        assert!(refused(&phrase("phones = []\nthreshold = 0.5")).contains("ways"));
        assert!(refused(&phrase("phones = [\" \"]\nthreshold = 0.5")).contains("phones"));
        assert!(refused(&phrase("phones = [\"AH\"]\nthreshold = 1.5")).contains("is 1.5"));
        assert!(refused(&phrase("phones = [\"AH\"]")).contains("threshold"));
        assert!(
            refused(&phrase("phones = [\"AH\"]\nthreshold = 0.5\nwho = 1")).contains("line 6: unknown field")
        );
        assert!(refused("[[phrase]]\ntext = \"\"\nphones = [\"AH\"]\nthreshold = 0.5").contains("no text"));
    }
}
