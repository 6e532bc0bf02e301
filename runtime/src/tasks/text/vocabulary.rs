//! What the tokens of a CTC head stand for.

/// Stands between words in vocabularies of letters (transformers' `word_delimiter_token`).
const DELIMITER: &str = "|";

/// The tokens of a head by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    texts: Vec<String>,
    blank: usize,
    of_letters: bool,
}

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// No text.
    Nothing,
    /// A word ends.
    Gap,
    /// A part of a word, or a word.
    Text(&'a str),
}

impl Vocabulary {
    /// The texts of tokens, empty where one has none; `blank` is the token that stands for nothing said.
    pub fn new(texts: Vec<String>, blank: usize) -> Self {
        // Writing without spaces, such as Chinese, has letters and no delimiter.
        let letter = |text: &String| text.is_empty() || is_special(text) || text.chars().count() == 1;
        let of_letters = texts.iter().any(|text| text == DELIMITER) || texts.iter().all(letter);
        Vocabulary { texts, blank, of_letters }
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The token that stands for nothing said.
    pub fn blank(&self) -> usize {
        self.blank
    }

    /// Whether tokens put together are words; else each is one, as phones are.
    pub(super) fn is_of_letters(&self) -> bool {
        self.of_letters
    }

    pub(super) fn meaning(&self, token: usize) -> Meaning<'_> {
        match self.texts.get(token).map_or("", String::as_str) {
            DELIMITER => Meaning::Gap,
            text if text.is_empty() || is_special(text) => Meaning::Nothing,
            text => Meaning::Text(text),
        }
    }

    /// The tokens that say a text, of several ways the one whose tokens are longest, from the left; spaces are the gap between
    /// words, or between phones. `None` if there is a letter that no token writes.
    pub fn spell(&self, text: &str) -> Option<Vec<usize>> {
        let mut tokens = Vec::new();
        let gap = self.texts.iter().position(|text| text == DELIMITER);
        for word in text.split_whitespace() {
            if self.of_letters && !tokens.is_empty() {
                tokens.extend(gap);
            }
            let mut rest = word;
            while !rest.is_empty() {
                let begins = |(token, own): (usize, &String)| {
                    let says = self.meaning(token) == Meaning::Text(own) && rest.starts_with(own.as_str());
                    let whole = self.of_letters || own.len() == rest.len();
                    (token != self.blank && says && whole).then_some((own.len(), token))
                };
                let longest = self.texts.iter().enumerate().filter_map(begins);
                let (length, token) = longest.max_by_key(|&(length, token)| (length, usize::MAX - token))?;
                tokens.push(token);
                rest = rest.get(length..)?;
            }
        }
        Some(tokens)
    }
}

/// What no text has: the special tokens of transformers' tokenizer, which the exporter leaves without text; files that were
/// written before it did have them under these names.
fn is_special(text: &str) -> bool {
    ["<pad>", "<s>", "</s>", "<unk>"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(texts: &[&str]) -> Vocabulary {
        Vocabulary::new(texts.iter().map(|&text| text.to_owned()).collect(), 0)
    }

    #[test]
    fn texts_are_spelt_in_letters() {
        let letters = vocabulary(&["<pad>", "s", "c", "|", "sch", "é"]);
        assert_eq!(letters.spell(" schs  cé"), Some(vec![4, 1, 3, 2, 5]));
        assert_eq!(letters.spell("x"), None);
        assert_eq!(letters.spell("<pad>"), None);
        assert_eq!(letters.spell(""), Some(Vec::new()));
        assert_eq!(vocabulary(&["<pad>", "你", "好"]).spell("你 好"), Some(vec![1, 2]), "no gap to write");
    }

    #[test]
    fn phones_are_spelt_one_by_one() {
        let phones = vocabulary(&["", "HH", "H", "IY"]);
        assert_eq!(phones.spell("HH IY"), Some(vec![1, 3]));
        assert_eq!(phones.spell("HHIY"), None);
    }
}
