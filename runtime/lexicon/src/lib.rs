//! English words as phones.
//!
//! ```text
//! phone       the 39 phones of ARPAbet without stress, read from ARPAbet or IPA
//! dictionary  CMUdict: a word and its pronunciations
//! letters     what a word is likely to sound like that the dictionary lacks
//! ```
//!
//! Both tables are automata that are searched as they lie in the program: opening them costs nothing. `examples/make.rs` makes
//! them from CMUdict.
#![forbid(unsafe_code)]

mod dictionary;
pub mod letters;
mod phone;

use std::collections::BTreeSet;

pub use dictionary::Dictionary;
pub use letters::Letters;
pub use phone::{ARPABET, Phone, PhoneError, phones_of};

/// Most ways to say a phrase that are given.
const MOST_WAYS: usize = 16;

/// How a phrase is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pronunciation {
    /// Its phones, those of all words in a row.
    pub phones: Vec<Phone>,
    /// Words that the dictionary lacks, whose phones were guessed from their letters.
    pub guessed: Vec<String>,
}

/// Why a phrase cannot be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// There is no word in it.
    #[error("there is no word in it")]
    Empty,
    /// A character that is part of no English word.
    #[error("{character:?} is part of no word; write words of letters, numbers as words")]
    Character {
        /// Which.
        character: char,
    },
}

/// Ways to say a phrase, the most usual one first: every pronunciation of every word, as far as there is room.
///
/// # Errors
/// There is no word in it, or something else than letters, apostrophes, hyphens and spaces.
pub fn say(phrase: &str) -> Result<Vec<Pronunciation>, PhraseError> {
    let mut ways = vec![Pronunciation { phones: Vec::new(), guessed: Vec::new() }];
    let mut words = 0;
    for word in phrase.split(|character: char| character.is_whitespace() || character == '-') {
        let word = word.trim_matches(|character: char| character.is_ascii_punctuation() && character != '\'');
        if word.is_empty() {
            continue;
        }
        let word = word.to_lowercase();
        if let Some(character) = word.chars().find(|c| !c.is_ascii_lowercase() && *c != '\'') {
            return Err(PhraseError::Character { character });
        }
        words += 1;
        let known = Dictionary::built_in().pronunciations(&word);
        let guessed = known.is_empty();
        let said = if guessed { vec![Letters::built_in().guess(&word)] } else { known };
        let longer = ways.iter().flat_map(|way| {
            said.iter().map(|phones| {
                let mut way = way.clone();
                way.phones.extend(phones);
                way.guessed.extend(guessed.then(|| word.clone()));
                way
            })
        });
        ways = longer.take(MOST_WAYS).collect();
    }
    if words == 0 {
        return Err(PhraseError::Empty);
    }
    // "read" and "red" of a phrase may be the same twice.
    let mut seen = BTreeSet::new();
    ways.retain(|way| seen.insert(way.phones.clone()));
    Ok(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(phrase: &str) -> Vec<String> {
        let text = |way: Pronunciation| way.phones.iter().map(Phone::to_string).collect::<Vec<_>>().join(" ");
        say(phrase).expect("said").into_iter().map(text).collect()
    }

    #[test]
    fn words_are_said_as_the_dictionary_has_them() {
        assert_eq!(shown("Hey, computer!"), ["HH EY K AH M P Y UW T ER"]);
        assert_eq!(shown("read"), ["R EH D", "R IY D"]);
        assert_eq!(shown("garage-door")[0], "G ER AA ZH D AO R");
        assert_eq!(shown("don't")[0], "D OW N T");
    }

    #[test]
    fn a_word_that_is_not_there_is_guessed_and_named() {
        let ways = say("hey wavlmite").expect("said");
        assert_eq!(ways[0].guessed, ["wavlmite"]);
        assert!(ways[0].phones.len() > 5);
    }

    #[test]
    fn what_is_no_phrase_is_refused() {
        assert_eq!(say(" - !"), Err(PhraseError::Empty));
        assert_eq!(say("route 66"), Err(PhraseError::Character { character: '6' }));
        assert_eq!(say("größe"), Err(PhraseError::Character { character: 'ö' }));
    }

    #[test]
    fn there_is_an_end_to_the_ways() {
        assert_eq!(say(&"read ".repeat(40)).expect("said").len(), MOST_WAYS);
    }
}
