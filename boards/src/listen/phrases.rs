//! The phrases that are listened for, as a file of words has them; a change of the file is taken over while sound comes.

use std::path::PathBuf;
use std::time::SystemTime;
use std::{fs, io};

use wavlm_phrasebook::Book;
use wavlm_runtime::Model;
use wavlm_runtime::tasks::phrases::{Alphabet, Phrase};
use wavlm_settings::Settings;

use crate::failure::Failure;

/// A file of words, as it was read last.
#[derive(Debug)]
pub struct Phrases {
    file: PathBuf,
    alphabet: Alphabet,
    book: Book,
    phrases: Vec<Phrase>,
    /// When the file was written that was looked at last.
    written: Option<SystemTime>,
    version: u64,
}

impl Phrases {
    /// Reads a file of words.
    ///
    /// # Errors
    /// The model tells no phones, or the file cannot be used with it.
    pub fn read(file: PathBuf, model: &Model, model_name: &str) -> Result<Self, Failure> {
        let alphabet =
            Alphabet::of(model).ok_or_else(|| Failure::NoPhones { model: model_name.to_owned() })?;
        let written = written(&file).ok();
        let mut read =
            Phrases { file, alphabet, book: Book::default(), phrases: Vec::new(), written, version: 0 };
        read.take()?;
        Ok(read)
    }

    /// Reads the file again if it was written since; whether there is something new. A file that cannot be used changes
    /// nothing.
    ///
    /// # Errors
    /// It cannot be used. That is told once for each time that it is written.
    pub fn follow(&mut self) -> Result<bool, Failure> {
        // While an editor puts a new file in the old one's place there may be none.
        let Ok(written) = written(&self.file) else { return Ok(false) };
        if self.written == Some(written) {
            return Ok(false);
        }
        self.written = Some(written);
        self.take().map(|()| true)
    }

    fn take(&mut self) -> Result<(), Failure> {
        let book = Book::read(&self.file)?;
        let phrases = book.phrases(&self.alphabet);
        self.phrases = phrases.map_err(|error| Failure::Book { file: self.file.clone(), error })?;
        self.book = book;
        self.version += 1;
        Ok(())
    }

    /// What the file says.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Its phrases.
    pub fn phrases(&self) -> &[Phrase] {
        &self.phrases
    }

    /// What the head can say.
    pub fn alphabet(&self) -> &Alphabet {
        &self.alphabet
    }

    /// Another number whenever there is something new.
    pub fn version(&self) -> u64 {
        self.version
    }
}

fn written(file: &std::path::Path) -> io::Result<SystemTime> {
    fs::metadata(file)?.modified()
}
