//! Errors of texts: words and characters that differ from what was said.

use serde::Serialize;

/// Errors over some texts; rates are those of all together, as jiwer counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TextErrors {
    /// Words that were said.
    pub words: usize,
    /// Words to replace, leave out or put in, at the least, to come to what was said.
    pub word_errors: usize,
    /// Characters that were said, spaces included.
    pub characters: usize,
    /// The same of characters.
    pub character_errors: usize,
}

impl TextErrors {
    /// Adds one text.
    pub fn add(&mut self, said: &str, found: &str) {
        let words = |text: &'_ str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (said_words, found_words) = (words(said), words(found));
        self.words += said_words.len();
        self.word_errors += distance(&said_words, &found_words);
        let characters = |text: &str| text.trim().chars().collect::<Vec<_>>();
        let (said, found) = (characters(said), characters(found));
        self.characters += said.len();
        self.character_errors += distance(&said, &found);
    }

    /// Word error rate; it can exceed 1.
    pub fn wer(&self) -> f64 {
        self.word_errors as f64 / self.words.max(1) as f64
    }

    /// Character error rate; it can exceed 1.
    pub fn cer(&self) -> f64 {
        self.character_errors as f64 / self.characters.max(1) as f64
    }
}

/// Replacements, deletions and insertions that make one sequence of the other, at the least (Levenshtein).
fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_over_all_texts() {
        let mut errors = TextErrors::default();
        errors.add("open the garage", "open a garage door");
        errors.add("", "oh");
        assert_eq!((errors.words, errors.word_errors), (3, 3));
        assert_eq!(errors.wer(), 1.0);
        let mut letters = TextErrors::default();
        letters.add(" kitten ", "sitting");
        assert_eq!((letters.characters, letters.character_errors), (6, 3));
    }
}
