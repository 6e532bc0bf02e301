//! Voiceprints in a folder: one file each, `NAME.voice`, readable by its owner alone.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{env, io};

use wavlm_format::{Readers, write_atomically};
use wavlm_runtime::tasks::speaker::{MAX_VOICEPRINT_BYTES, Voiceprint, VoiceprintError};

use crate::failure::Failure;

const EXTENSION: &str = "voice";

/// Longest name, in bytes: file systems allow 255 for the file.
const MAX_NAME: usize = 64;

/// A folder of voiceprints.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in `folder`, or in the user's data folder. Nothing is created.
    ///
    /// # Errors
    /// No folder was given, and the environment names no home.
    pub fn new(folder: Option<&Path>) -> Result<Self, Failure> {
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => data_folder().ok_or(Failure::NoStore)?.join("voices"),
        };
        Ok(Store { folder })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Refuses names that [`Store::save`] would refuse, before any work is done.
    ///
    /// # Errors
    /// The name cannot be a file's.
    pub fn check_name(&self, name: &str) -> Result<(), Failure> {
        self.file(name).map(|_| ())
    }

    /// Adds a voiceprint, or replaces the one of that name. Returns the file.
    ///
    /// # Errors
    /// The name cannot be a file's, or the folder cannot be written.
    pub fn save(&self, print: &Voiceprint) -> Result<PathBuf, Failure> {
        let file = self.file(&print.name)?;
        let bytes = print.to_bytes().map_err(|error| Failure::Voiceprint { file: file.clone(), error })?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(Failure::io(&self.folder))?;
        write_atomically(&file, Readers::Owner, |out| out.write_all(&bytes)).map_err(Failure::io(&file))?;
        Ok(file)
    }

    /// The voiceprint of that name.
    ///
    /// # Errors
    /// The name cannot be a file's, nobody of that name is enrolled, or the file is damaged.
    pub fn load(&self, name: &str) -> Result<Voiceprint, Failure> {
        let file = self.file(name)?;
        let bytes = read_up_to(&file, MAX_VOICEPRINT_BYTES + 1).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::NotEnrolled { name: name.to_owned(), store: self.folder.clone() },
            _ => Failure::Io { file: file.clone(), error },
        })?;
        match Voiceprint::from_bytes(&bytes) {
            Ok(print) if print.name == name => Ok(print),
            Ok(_) => Err(Failure::Voiceprint { file, error: VoiceprintError::Content }),
            Err(error) => Err(Failure::Voiceprint { file, error }),
        }
    }

    /// Names of all voiceprints, sorted. A store that does not exist is empty.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Failure> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Failure::io(&self.folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = PathBuf::from(entry.map_err(Failure::io(&self.folder))?.file_name());
            let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_name(name));
            if let (Some(name), true) =
                (name, path.extension().is_some_and(|extension| extension == EXTENSION))
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn file(&self, name: &str) -> Result<PathBuf, Failure> {
        if !is_name(name) {
            return Err(Failure::Name { name: name.to_owned(), max: MAX_NAME });
        }
        Ok(self.folder.join(format!("{name}.{EXTENSION}")))
    }
}

/// Names are shown to people and become files: no separators, no hidden files, nothing that looks like an option.
fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    name.len() <= MAX_NAME && name.starts_with(char::is_alphanumeric) && name.chars().all(is_allowed)
}

/// Where this program keeps what a user made; `None` if the environment names no home.
pub fn data_folder() -> Option<PathBuf> {
    default_folder(env::var_os("XDG_DATA_HOME").map(PathBuf::from), env::home_dir())
}

/// As the XDG base directory specification has it: relative paths in the variable are ignored.
fn default_folder(data_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let data = data_home.filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(home.filter(|home| home.is_absolute())?.join(".local/share")))?;
    Some(data.join("wavlm"))
}

/// The bytes of a file, up to a limit.
///
/// # Errors
/// It cannot be read.
pub fn read_up_to(file: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use wavlm_runtime::tasks::speaker::{Embedding, Quality, Voice};

    use super::*;

    fn print(name: &str) -> Voiceprint {
        Voiceprint {
            name: name.to_owned(),
            model: 1,
            voice: Voice {
                embedding: Embedding::new(&[1.0, 1.0]).expect("a direction"),
                recordings: 1,
                quality: Quality { speech_s: 3.0, snr_db: 30.0, agreement: 1.0 },
            },
            phrases: Vec::new(),
        }
    }

    #[test]
    fn voices_are_kept_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(Some(&folder.path().join("new/voices"))).expect("a folder");
        assert!(store.names().expect("an empty store").is_empty());
        for name in ["Zoë", "Ada L.", "Ada L."] {
            store.save(&print(name)).expect("a writable folder");
        }
        fs::write(store.folder().join("notes.txt"), "x").expect("a writable folder");
        assert_eq!(store.names().expect("a store"), ["Ada L.", "Zoë"]);
        assert_eq!(store.load("Zoë").expect("enrolled"), print("Zoë"));
        assert!(matches!(store.load("Eve"), Err(Failure::NotEnrolled { .. })));
    }

    #[test]
    fn files_that_are_not_that_persons_voice_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(Some(folder.path())).expect("a folder");
        let file = store.save(&print("Ada")).expect("a writable folder");
        fs::copy(&file, folder.path().join("Eve.voice")).expect("a copy");
        fs::write(folder.path().join("Bob.voice"), "noise").expect("a file");
        for name in ["Eve", "Bob"] {
            assert!(matches!(store.load(name), Err(Failure::Voiceprint { .. })), "{name}");
        }
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let store = Store::new(Some(Path::new("/nowhere"))).expect("a folder");
        for name in
            ["", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "-x", "a\0b", "a\nb", &"x".repeat(65)]
        {
            assert!(matches!(store.load(name), Err(Failure::Name { .. })), "{name:?}");
        }
    }

    #[test]
    fn the_default_follows_xdg() {
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(default_folder(path("/data"), path("/home/a")), path("/data/wavlm"));
        assert_eq!(default_folder(path("data"), path("/home/a")), path("/home/a/.local/share/wavlm"));
        assert_eq!(default_folder(None, None), None);
    }
}
