//! Settings in a TOML file that a person wrote: read whole or refused in one line that names the place.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Why a file gives no settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// It is not understood.
    #[error("{}: {reason}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong, with its line where one is to blame.
        reason: String,
    },
}

/// What a program is told in a file.
pub trait Settings: DeserializeOwned {
    /// What no type says: values out of range, or that contradict each other.
    ///
    /// # Errors
    /// What is wrong.
    fn check(&self) -> Result<(), String>;

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is longer than a megabyte, or is not understood.
    fn read(file: &Path) -> Result<Self, Error> {
        Self::parse(&text(file)?).map_err(|reason| Error::Wrong { file: file.to_owned(), reason })
    }

    /// Understands the text of a file.
    ///
    /// # Errors
    /// What is wrong, with its line.
    fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| one_line(text, &error))?;
        settings.check()?;
        Ok(settings)
    }
}

/// The text of a file of settings, whatever it says.
///
/// # Errors
/// It cannot be read, or is longer than a megabyte.
pub fn text(file: &Path) -> Result<String, Error> {
    let mut text = String::new();
    File::open(file)
        .and_then(|open| open.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| Error::Io { file: file.to_owned(), error })?;
    if text.len() as u64 > MAX_BYTES {
        let reason = format!("more than {MAX_BYTES} bytes are no settings");
        return Err(Error::Wrong { file: file.to_owned(), reason });
    }
    Ok(text)
}

/// An error of the parser, with its line and without its picture.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().map(|span| text.get(..span.start).unwrap_or(text));
    let message = error.message().replace('\n', " ");
    before.map_or_else(
        || message.clone(),
        |before| format!("line {}: {message}", before.matches('\n').count() + 1),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Bell {
        rings: u32,
    }

    impl Settings for Bell {
        fn check(&self) -> Result<(), String> {
            if self.rings == 0 { Err("rings is 0; it must be at least 1".to_owned()) } else { Ok(()) }
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_file_and_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bell.toml");
        let refused = |text: &[u8]| {
            fs::write(&file, text).expect("written");
            let told = Bell::read(&file).expect_err("refused").to_string();
            told.strip_prefix(&format!("{}: ", file.display())).expect("it names the file").to_owned()
        };
        assert!(refused(b"\nring = 3").starts_with("line 2: unknown field `ring`"));
        assert!(refused(b"rings = 0").starts_with("rings is 0"));
        assert!(refused(b"rings = \xff").contains("UTF-8"));
        assert!(refused(&vec![b'#'; MAX_BYTES as usize + 1]).contains("no settings"));
        fs::remove_file(&file).expect("removed");
        assert!(Bell::read(&file).expect_err("gone").to_string().contains("No such file"));
    }

    #[test]
    fn what_is_right_is_read() {
        assert_eq!(Bell::parse("rings = 2 # twice"), Ok(Bell { rings: 2 }));
    }
}
