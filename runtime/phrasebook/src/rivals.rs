//! Other words that would be taken for a phrase.

use std::collections::BTreeSet;

use wavlm_lexicon::{Dictionary, Phone};
use wavlm_runtime::tasks::phrases::{Alphabet, Background, SpellingError, best_score};

/// Frames of a phone, about.
const FRAMES: usize = 3;

/// Words that a phrase may be confused with.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// The words.
    pub text: String,
    /// The score that they are likely to reach, 0 to 1.
    pub score: f32,
}

/// The words most like a phrase of these words, each with its phones, the likest first: one word of it is exchanged for
/// another of the dictionary, and the phrase itself is no part of what is then said. How like phones are is taken from what the head takes for what, in the background.
///
/// # Errors
/// The head does not know a phone.
pub fn rivals(
    words: &[(String, Vec<Phone>)],
    alphabet: &Alphabet,
    background: &Background,
    most: usize,
) -> Result<Vec<Rival>, SpellingError> {
    let spell = |phones: &[Phone]| alphabet.spell(phones.iter().map(|phone| phone.name()));
    let mut whole: Vec<Phone> = words.iter().flat_map(|(_, phones)| phones.iter().copied()).collect();
    let ways = [spell(&whole)?];
    whole.dedup();
    let confusion = background.confusion();
    let (mut found, mut said_so): (Vec<Rival>, BTreeSet<Vec<Phone>>) = Default::default();
    for (place, (word, phones)) in words.iter().enumerate() {
        let furthest = (phones.len() / 2).max(1);
        for (other, other_phones) in like(phones, furthest) {
            let exchanged = |at: usize, (text, phones): &(String, Vec<Phone>)| {
                if at == place {
                    (other.clone(), other_phones.clone())
                } else {
                    (text.clone(), phones.clone())
                }
            };
            let (texts, phones): (Vec<String>, Vec<Vec<Phone>>) =
                words.iter().enumerate().map(|(at, word)| exchanged(at, word)).unzip();
            let mut said = phones.concat();
            said.dedup();
            // Whoever says "computers" has said "computer".
            let holds_it = said.windows(whole.len()).any(|part| part == whole);
            // Of words that sound alike one is enough.
            if other == *word || holds_it || !said_so.insert(said.clone()) {
                continue;
            }
            let said = spell(&said)?;
            let frame = |&phone: &usize| confusion.get(phone).into_iter().flatten().map(|loss| -loss);
            let logits: Vec<f32> =
                said.iter().flat_map(|phone| (0..FRAMES).flat_map(move |_| frame(phone))).collect();
            let score = best_score(&ways, &logits, alphabet.len(), alphabet.blank());
            found.push(Rival { text: texts.join(" "), score });
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.text.cmp(&b.text)));
    found.dedup_by(|a, b| a.text == b.text);
    found.truncate(most);
    Ok(found)
}

/// The words of the dictionary that differ from these phones in so many at most, and in one at least.
fn like(phones: &[Phone], furthest: usize) -> Vec<(String, Vec<Phone>)> {
    let mut found = Vec::new();
    Dictionary::built_in().each(|word, way| {
        if way != phones && distance(phones, way) <= furthest {
            found.push((word.to_owned(), way.to_vec()));
        }
    });
    found
}

/// Phones that must be exchanged, put in or left out to make one word of the other (Levenshtein, 1966).
fn distance(a: &[Phone], b: &[Phone]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, y) in row.iter_mut().skip(1).zip(b) {
            let cost = (diagonal + usize::from(x != y)).min(*above + 1).min(left + 1);
            diagonal = std::mem::replace(above, cost);
            left = cost;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use wavlm_lexicon::phones_of;

    use super::*;

    #[test]
    fn words_are_as_far_apart_as_phones_differ() {
        let phones = |text: &str| phones_of(text).expect("phones");
        assert_eq!(distance(&phones("K AE T"), &phones("K AE T")), 0);
        assert_eq!(distance(&phones("K AE T"), &phones("K AA T")), 1);
        assert_eq!(distance(&phones("K AE T"), &phones("AE T S")), 2);
        assert_eq!(distance(&phones("K AE T"), &phones("G OW")), 3);
    }
}
