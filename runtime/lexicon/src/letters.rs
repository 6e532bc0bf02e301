//! Letters to sounds: what a word is likely to sound like that no dictionary knows.
//!
//! Each letter becomes none, one or two phones, which follow from the letter and from those around it, nearest first: the
//! longest context that was learnt decides (an IGTree; Daelemans and van den Bosch, 1997).
//!
//! A key is a letter and its neighbours in the order of [`CONTEXT`], as many as were worth telling apart; the value holds the
//! phones, a byte each: place in [`ARPABET`](crate::ARPABET) and one.

use fst::Map;

use crate::Phone;

const BUILT_IN: &[u8] = include_bytes!("../data/letters.fst");
/// Where the letters of a key stand in the word, from the letter that is to be said.
pub const CONTEXT: [isize; 8] = [0, 1, -1, 2, -2, 3, -3, 4];
/// What stands before a word and behind it.
pub const EDGE: u8 = b'_';

/// What was learnt from a dictionary.
#[derive(Debug)]
pub struct Letters<'a> {
    map: Map<&'a [u8]>,
}

impl Letters<'static> {
    /// Learnt from CMUdict.
    pub fn built_in() -> Self {
        Letters::new(BUILT_IN).expect("examples/make.rs made it")
    }
}

impl<'a> Letters<'a> {
    /// What `examples/make.rs` makes.
    ///
    /// # Errors
    /// It is something else.
    pub fn new(bytes: &'a [u8]) -> Result<Self, fst::Error> {
        Ok(Letters { map: Map::new(bytes)? })
    }

    /// The likely phones of a word in small letters; other characters are silent.
    pub fn guess(&self, word: &str) -> Vec<Phone> {
        (0..word.len()).flat_map(|at| self.said(word.as_bytes(), at)).collect()
    }

    /// The phones of a letter of a word.
    fn said(&self, word: &[u8], at: usize) -> impl Iterator<Item = Phone> + use<> {
        let key = key(word, at);
        let longest = (1..=key.len()).rev().find_map(|length| self.map.get(key.get(..length)?));
        longest.unwrap_or(0).to_le_bytes().into_iter().filter_map(|byte| Phone::new(byte.checked_sub(1)?))
    }
}

/// A letter of a word and all its neighbours.
pub fn key(word: &[u8], at: usize) -> [u8; CONTEXT.len()] {
    CONTEXT.map(|step| at.checked_add_signed(step).and_then(|at| word.get(at)).copied().unwrap_or(EDGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_said_as_their_neighbours_ask() {
        let shown = |word: &str| {
            let phones = Letters::built_in().guess(word);
            phones.iter().map(Phone::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("phip"), "F IH P");
        assert_eq!(shown("blick"), "B L IH K");
        assert_eq!(shown("zzz-"), "Z");
        assert_eq!(shown(""), "");
    }
}
