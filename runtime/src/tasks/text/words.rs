//! Tokens as words and as text.

use super::Token;
use super::vocabulary::{Meaning, Vocabulary};

/// A word, or a phone where the tokens are phones.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Its text.
    pub text: String,
    /// Where it begins, in seconds from the start of the sound, to within a frame.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// The mean confidence of its tokens, 0 to 1.
    pub confidence: f32,
}

/// What was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The words in their order.
    pub words: Vec<Word>,
}

impl Transcript {
    /// Puts tokens together: letters to words at the delimiter, or to one word where the vocabulary has none; where tokens have
    /// several letters and no delimiter, as phones do, each is a word. Tokens without text are left out. A frame lasts `frame_s` seconds.
    pub(super) fn new(tokens: &[Token], vocabulary: &Vocabulary, frame_s: f64) -> Self {
        let mut words: Vec<(Word, u32)> = Vec::new();
        let mut apart = true;
        for token in tokens {
            let text = match vocabulary.meaning(token.number) {
                Meaning::Nothing => continue,
                Meaning::Gap => {
                    apart = true;
                    continue;
                }
                Meaning::Text(text) => text,
            };
            let (start_s, end_s) = (token.frames.start as f64 * frame_s, token.frames.end as f64 * frame_s);
            match words.last_mut() {
                Some((word, count)) if vocabulary.is_of_letters() && !apart => {
                    word.text.push_str(text);
                    word.end_s = end_s;
                    word.confidence += token.confidence;
                    *count += 1;
                }
                _ => {
                    let word = Word { text: text.to_owned(), start_s, end_s, confidence: token.confidence };
                    words.push((word, 1));
                }
            }
            apart = false;
        }
        let mean = |(word, count): (Word, u32)| Word { confidence: word.confidence / count as f32, ..word };
        Transcript { words: words.into_iter().map(mean).collect() }
    }

    /// The words with a space between.
    pub fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(numbers: &[usize], vocabulary: &[&str]) -> Transcript {
        let texts = vocabulary.iter().map(|&text| text.to_owned()).collect();
        let token = |(at, &number): (usize, &usize)| Token {
            number,
            frames: at as u64..at as u64 + 1,
            confidence: 1.0 / (at + 1) as f32,
        };
        let tokens: Vec<Token> = numbers.iter().enumerate().map(token).collect();
        Transcript::new(&tokens, &Vocabulary::new(texts, 0), 0.5)
    }

    #[test]
    fn letters_become_words_at_the_delimiter() {
        let found = transcript(&[4, 1, 2, 3, 3, 2], &["<pad>", "h", "i", "|", "<s>"]);
        assert_eq!(found.text(), "hi i");
        let [first, _] = &found.words[..] else { panic!("{found:?}") };
        assert_eq!((first.start_s, first.end_s), (0.5, 1.5));
        assert!((first.confidence - (0.5 + 1.0 / 3.0) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn letters_without_a_delimiter_are_one_word() {
        assert_eq!(transcript(&[1, 2, 3], &["<pad>", "你", "好", "<unk>"]).text(), "你好");
    }

    #[test]
    fn phones_stand_for_themselves() {
        assert_eq!(transcript(&[1, 2], &["<pad>", "HH", "IY"]).text(), "HH IY");
        assert_eq!(transcript(&[9, 0], &["<pad>"]).text(), "");
    }
}
