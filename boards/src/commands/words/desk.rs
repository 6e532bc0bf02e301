//! What is needed to put a phrase into a file of words.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use wavlm_format::{Readers, write_atomically};
use wavlm_phrasebook::{Book, Entry, Prospect, Spoken, put};
use wavlm_runtime::tasks::phrases::{Alphabet, Background, MAX_BACKGROUND_BYTES};
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

/// The text of a file of words that can be understood; empty if there is none yet.
pub fn text_of(file: &Path) -> Result<String, Failure> {
    match Book::read(file) {
        Ok(_) => fs::read_to_string(file).map_err(Failure::io(file)),
        Err(wavlm_settings::Error::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {
            Ok(String::new())
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes a file beside which others may lie, in a folder that may not be there yet.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    }
    write_atomically(file, Readers::Umask, |out| out.write_all(bytes)).map_err(Failure::io(file))
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

    /// Puts a phrase with these ways into the file, in the place of an earlier one of that name. Returns its threshold, and the
    /// share of its sayings that will be heard, if that can be told.
    pub fn put(
        &self,
        name: &str,
        ways: &[Vec<usize>],
        rate: Rate,
        only: &[String],
    ) -> Result<Added, Failure> {
        let prospect = self.prospect(ways)?;
        let threshold = prospect.threshold(rate.0);
        let text = |way: &Vec<usize>| {
            way.iter().map(|&token| self.alphabet.token(token)).collect::<Vec<_>>().join(" ")
        };
        let entry = Entry {
            text: name.to_owned(),
            phones: ways.iter().map(text).collect(),
            threshold,
            false_alarms_per_hour: Some(rate.0),
            only: only.to_vec(),
        };
        let wrong = |reason| wavlm_settings::Error::Wrong { file: self.file.clone(), reason };
        let (text, replaced) = put(&text_of(&self.file)?, &entry, &self.alphabet).map_err(wrong)?;
        let book = Book::parse(&text).map_err(wrong)?;
        let usable = book.phrases(&self.alphabet);
        usable.map_err(|error| Failure::Book { file: self.file.clone(), error })?;
        write(&self.file, text.as_bytes())?;
        Ok(Added { threshold, heard: prospect.heard(threshold), replaced })
    }
}

/// A phrase that went into the file.
pub struct Added {
    pub threshold: f32,
    pub heard: Option<f64>,
    pub replaced: bool,
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
