//! Words and their pronunciations as one automaton.
//!
//! A key is the word, a zero, and a byte for each phone: its place in [`ARPABET`](crate::ARPABET) and one. The value is the
//! pronunciation's rank among those of the word.

use fst::{IntoStreamer, Map, Streamer};

use crate::Phone;

const BUILT_IN: &[u8] = include_bytes!("../data/english.fst");

/// Words that are known.
#[derive(Debug)]
pub struct Dictionary<'a> {
    map: Map<&'a [u8]>,
}

impl Dictionary<'static> {
    /// CMUdict without stress.
    pub fn built_in() -> Self {
        Dictionary::new(BUILT_IN).expect("examples/make.rs made it")
    }
}

impl<'a> Dictionary<'a> {
    /// A dictionary as `examples/make.rs` makes it.
    ///
    /// # Errors
    /// It is none.
    pub fn new(bytes: &'a [u8]) -> Result<Self, fst::Error> {
        Ok(Dictionary { map: Map::new(bytes)? })
    }

    /// Gives every word with each of its pronunciations, in the order of the alphabet.
    pub fn each(&self, mut give: impl FnMut(&str, &[Phone])) {
        let mut stream = self.map.stream();
        let mut phones = Vec::new();
        while let Some((key, _)) = stream.next() {
            let mut parts = key.splitn(2, |&byte| byte == 0);
            let (word, way) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            phones.clear();
            phones.extend(way.iter().filter_map(|byte| Phone::new(byte.checked_sub(1)?)));
            if let Ok(word) = std::str::from_utf8(word) {
                give(word, &phones);
            }
        }
    }

    /// The pronunciations of a word in small letters, the most usual one first; none of a word that is not known.
    pub fn pronunciations(&self, word: &str) -> Vec<Vec<Phone>> {
        let (first, behind) = ([word.as_bytes(), &[0]].concat(), [word.as_bytes(), &[1]].concat());
        let mut found = Vec::new();
        let mut stream = self.map.range().ge(&first).lt(&behind).into_stream();
        while let Some((key, rank)) = stream.next() {
            let bytes = key.get(first.len()..).unwrap_or_default();
            let phones = bytes.iter().filter_map(|byte| Phone::new(byte.checked_sub(1)?)).collect();
            found.push((rank, phones));
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, phones)| phones).collect()
    }
}
