//! The phones of American English, as CMUdict and the model's phones head have them.

use std::fmt;
use std::str::FromStr;

/// ARPAbet without stress.
pub const ARPABET: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY",
    "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y",
    "Z", "ZH",
];

/// The International Phonetic Alphabet, longest first where one begins another: what dictionaries of English write.
const IPA: [(&str, &[&str]); 70] = [
    ("t͡ʃ", &["CH"]),
    ("d͡ʒ", &["JH"]),
    ("tʃ", &["CH"]),
    ("dʒ", &["JH"]),
    ("ʧ", &["CH"]),
    ("ʤ", &["JH"]),
    ("aɪ", &["AY"]),
    ("aʊ", &["AW"]),
    ("eɪ", &["EY"]),
    ("oʊ", &["OW"]),
    ("əʊ", &["OW"]),
    ("ɔɪ", &["OY"]),
    ("ɪə", &["IH", "R"]),
    ("eə", &["EH", "R"]),
    ("ɛə", &["EH", "R"]),
    ("ʊə", &["UH", "R"]),
    ("ɜː", &["ER"]),
    ("ɜr", &["ER"]),
    ("ɜɹ", &["ER"]),
    ("ɝ", &["ER"]),
    ("ɚ", &["ER"]),
    ("ər", &["ER"]),
    ("əɹ", &["ER"]),
    ("ɜ", &["ER"]),
    ("ɑː", &["AA"]),
    ("ɔː", &["AO"]),
    ("iː", &["IY"]),
    ("uː", &["UW"]),
    ("ɑ", &["AA"]),
    ("ɒ", &["AA"]),
    ("a", &["AA"]),
    ("æ", &["AE"]),
    ("ʌ", &["AH"]),
    ("ə", &["AH"]),
    ("ɐ", &["AH"]),
    ("ɔ", &["AO"]),
    ("ɛ", &["EH"]),
    ("e", &["EH"]),
    ("ɪ", &["IH"]),
    ("i", &["IY"]),
    ("o", &["OW"]),
    ("ʊ", &["UH"]),
    ("u", &["UW"]),
    ("b", &["B"]),
    ("d", &["D"]),
    ("ð", &["DH"]),
    ("f", &["F"]),
    ("ɡ", &["G"]),
    ("g", &["G"]),
    ("h", &["HH"]),
    ("k", &["K"]),
    ("l", &["L"]),
    ("ɫ", &["L"]),
    ("m", &["M"]),
    ("n", &["N"]),
    ("ŋ", &["NG"]),
    ("p", &["P"]),
    ("r", &["R"]),
    ("ɹ", &["R"]),
    ("ɾ", &["T"]),
    ("s", &["S"]),
    ("ʃ", &["SH"]),
    ("t", &["T"]),
    ("θ", &["TH"]),
    ("v", &["V"]),
    ("ʔ", &["T"]),
    ("w", &["W"]),
    ("j", &["Y"]),
    ("z", &["Z"]),
    ("ʒ", &["ZH"]),
];
/// Marks of stress, length and syllables, which say nothing here.
const MARKS: [char; 8] = ['ˈ', 'ˌ', 'ː', '.', '/', '[', ']', '͡'];

/// One of [`ARPABET`], by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(u8);

/// What is no phone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Something else than a phone.
    #[error("{0:?} is no phone; write ARPAbet, as HH AH L OW, or IPA, as həˈloʊ")]
    Unknown(String),
    /// Nothing at all.
    #[error("there is no phone in it")]
    Empty,
}

impl Phone {
    /// The phone at a place of [`ARPABET`].
    pub fn new(place: u8) -> Option<Self> {
        (usize::from(place) < ARPABET.len()).then_some(Phone(place))
    }

    /// Its place in [`ARPABET`].
    pub fn place(self) -> u8 {
        self.0
    }

    /// Its name in [`ARPABET`].
    pub fn name(self) -> &'static str {
        ARPABET.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// A phone of ARPAbet, in small or large letters, with or without the number of its stress.
    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let name = text.trim_end_matches(['0', '1', '2']).to_ascii_uppercase();
        let place = ARPABET.iter().position(|&phone| phone == name);
        let place = place.ok_or_else(|| PhoneError::Unknown(text.to_owned()))?;
        Ok(Phone(place as u8))
    }
}

/// Phones that somebody typed: ARPAbet with spaces between, or IPA.
///
/// # Errors
/// Something in it is neither, or there is nothing.
pub fn phones_of(text: &str) -> Result<Vec<Phone>, PhoneError> {
    let arpabet: Result<Vec<Phone>, _> = text.split_whitespace().map(str::parse).collect();
    let phones = match arpabet {
        Ok(phones) => phones,
        // A single word of Latin letters may be either; what is not wholly ARPAbet is IPA or a mistake.
        Err(error) => ipa(text).ok_or(error)?,
    };
    if phones.is_empty() { Err(PhoneError::Empty) } else { Ok(phones) }
}

fn ipa(text: &str) -> Option<Vec<Phone>> {
    let mut phones = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() || MARKS.contains(&first) {
            rest = rest.get(first.len_utf8()..)?;
            continue;
        }
        let (symbol, names) = IPA.iter().find(|(symbol, _)| rest.starts_with(symbol))?;
        phones.extend(names.iter().filter_map(|name| name.parse::<Phone>().ok()));
        rest = rest.get(symbol.len()..)?;
    }
    Some(phones)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let phones = phones_of(text).expect("phones");
        phones.iter().map(Phone::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn arpabet_is_read_with_and_without_stress() {
        assert_eq!(shown("HH AH0 l OW1"), "HH AH L OW");
    }

    #[test]
    fn ipa_is_read_with_its_marks() {
        assert_eq!(shown("/həˈloʊ/"), "HH AH L OW");
        assert_eq!(shown("kəmˈpjuːtɚ"), "K AH M P Y UW T ER");
        assert_eq!(shown("ˈtʃɜːtʃ"), "CH ER CH");
        assert_eq!(shown("ˈʒwɑː"), "ZH W AA");
    }

    #[test]
    fn what_is_no_phone_is_named() {
        assert_eq!(phones_of("HH QQ"), Err(PhoneError::Unknown("QQ".to_owned())));
        assert_eq!(phones_of(" "), Err(PhoneError::Empty));
    }

    #[test]
    fn every_name_of_the_table_is_a_phone() {
        for (_, names) in IPA {
            assert!(names.iter().all(|name| name.parse::<Phone>().is_ok()), "{names:?}");
        }
    }
}
