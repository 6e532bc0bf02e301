//! What is needed to put a phrase into a file of words.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use wavlm_format::{Readers, write_atomically};
use wavlm_phrasebook::{Book, Entry, Prospect, Spoken, put};
use wavlm_runtime::tasks::phrases::{Alphabet, Background, MAX_BACKGROUND_BYTES, Phrase};
use wavlm_settings::Settings;

use crate::builtin;
use crate::cli::{self, Rate};
use crate::failure::Failure;
use crate::setup::Setup;
use crate::store;

/// The file of words that is meant.
pub fn file_of(book: &cli::Book) -> Result<PathBuf, Failure> {
    let file = book.file.clone().or_else(|| Some(store::data_folder()?.join("words.toml")));
    file.ok_or(Failure::NoBook)
}

/// A file of words that can be understood, as text and as what it says; empty if there is none yet.
pub fn text_of(file: &Path) -> Result<(String, Book), Failure> {
    let text = match wavlm_settings::text(file) {
        Err(wavlm_settings::Error::Io { error, .. }) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let book = Book::parse(&text).map_err(wrong(file))?;
    Ok((text, book))
}

/// What is wrong with a file of words.
pub fn wrong(file: &Path) -> impl Fn(String) -> Failure {
    move |reason| wavlm_settings::Error::Wrong { file: file.to_owned(), reason }.into()
}

/// Writes a file beside which others may lie, in a folder that may not be there yet.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    }
    write_atomically(file, Readers::Umask, |out| out.write_all(bytes)).map_err(Failure::io(file))
}

/// What putting phrases into a file did.
pub struct Put {
    /// The last one took the place of an earlier one.
    pub replaced: bool,
    /// Phrases whose thresholds were another model's, and are this one's now.
    pub anew: Vec<String>,
}

/// The file of words, the background, and what the model can say.
pub struct Desk {
    pub file: PathBuf,
    pub alphabet: Alphabet,
    pub background: Background,
}

impl Desk {
    pub fn new(setup: &Setup, book: &cli::Book) -> Result<Self, Failure> {
        let alphabet = Alphabet::of(&setup.model);
        let alphabet = alphabet.ok_or_else(|| Failure::NoPhones { model: setup.model_name.clone() })?;
        let file = file_of(book)?;
        let background = background(&bank_of(&file), &alphabet)?;
        Ok(Desk { file, alphabet, background })
    }

    /// Where the user's own background lies.
    pub fn bank(&self) -> PathBuf {
        bank_of(&self.file)
    }

    /// The ways to say what was typed, as people read them and as the model's tokens.
    pub fn spoken(&self, typed: &cli::Typed) -> Result<(Spoken, Vec<Vec<usize>>), Failure> {
        let spoken = match typed.phones.as_slice() {
            [] => Spoken::of_text(&typed.phrase),
            phones => Spoken::of_phones(phones),
        };
        let spoken = spoken.map_err(Failure::Spoken)?;
        let ways = spoken.spell(&self.alphabet).map_err(Failure::Spelling)?;
        Ok((spoken, ways))
    }

    /// What may be expected of the ways to say a phrase.
    pub fn prospect(&self, ways: &[Vec<usize>]) -> Result<Prospect, Failure> {
        let prospect = Prospect::new(&self.background, ways);
        prospect.ok_or_else(|| Failure::LittleBackground { hours: self.background.hours() })
    }

    /// An entry for a phrase with these ways, and the share of its sayings that will be heard, if that can be told.
    pub fn entry(
        &self,
        name: &str,
        ways: &[Vec<usize>],
        rate: Rate,
        only: &[String],
    ) -> Result<(Entry, Option<f64>), Failure> {
        let prospect = self.prospect(ways)?;
        let threshold = prospect.threshold(rate.0);
        let entry = Entry {
            text: name.to_owned(),
            phones: ways.iter().map(|way| self.alphabet.text(way)).collect(),
            threshold,
            false_alarms_per_hour: Some(rate.0),
            only: only.to_vec(),
        };
        Ok((entry, prospect.heard(threshold)))
    }

    /// Puts entries into the file, in the place of earlier ones of their names. If its thresholds are another model's, those
    /// of all its other phrases are chosen anew: a file has thresholds of one model.
    pub fn put(&self, entries: &[Entry]) -> Result<Put, Failure> {
        let (mut text, book) = text_of(&self.file)?;
        let anew = if book.is_for(&self.alphabet) { Vec::new() } else { self.chosen_anew(&book, entries)? };
        let mut replaced = false;
        for entry in anew.iter().chain(entries) {
            (text, replaced) = put(&text, entry, &self.alphabet).map_err(wrong(&self.file))?;
        }
        let book = Book::parse(&text).map_err(wrong(&self.file))?;
        self.phrases(&book)?;
        write(&self.file, text.as_bytes())?;
        Ok(Put { replaced, anew: anew.into_iter().map(|entry| entry.text).collect() })
    }

    /// The phrases of a file but these, with thresholds of this model, for as many false alarms as before.
    fn chosen_anew(&self, book: &Book, but: &[Entry]) -> Result<Vec<Entry>, Failure> {
        let others = book.phrases.iter().filter(|entry| but.iter().all(|new| new.text != entry.text));
        let anew = |entry: &Entry| {
            let ways = entry.ways(&self.alphabet);
            let ways = ways.map_err(|error| Failure::Book { file: self.file.clone(), error })?;
            let rate = entry.false_alarms_per_hour.map_or(Rate::USUAL, Rate);
            Ok(self.entry(&entry.text, &ways, rate, &entry.only)?.0)
        };
        others.map(anew).collect()
    }

    /// The phrases of a file of words, as this model says them.
    pub fn phrases(&self, book: &Book) -> Result<Vec<Phrase>, Failure> {
        book.phrases(&self.alphabet).map_err(|error| Failure::Book { file: self.file.clone(), error })
    }
}

fn bank_of(file: &Path) -> PathBuf {
    file.with_extension("bank")
}

/// The user's own background, or the one inside the program, if this model heard it, or an empty one.
fn background(bank: &Path, alphabet: &Alphabet) -> Result<Background, Failure> {
    let failed = |error| Failure::Background { file: bank.to_owned(), error };
    match store::read_up_to(bank, MAX_BACKGROUND_BYTES + 1) {
        Ok(bytes) => {
            let background = Background::from_bytes(&bytes).map_err(failed)?;
            background.check(alphabet).map_err(failed)?;
            Ok(background)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let built_in = Background::from_bytes(builtin::default_background()).map_err(failed)?;
            Ok(if built_in.check(alphabet).is_ok() { built_in } else { Background::new(alphabet) })
        }
        Err(error) => Err(Failure::io(bank)(error)),
    }
}
