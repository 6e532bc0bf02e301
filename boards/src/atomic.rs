//! Files that are there as a whole or not at all, whatever happens while they are written.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Who may read a new file.
#[derive(Clone, Copy, Debug)]
pub enum Readers {
    /// The owner alone: voices are personal.
    Owner,
    /// Whoever the umask lets.
    Umask,
}

/// Writes a temporary file beside `path`, syncs it, renames it to `path`, and syncs the folder.
///
/// # Errors
/// The folder cannot be written, or the disk is full; `path` is then as it was.
pub fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder_itself = File::open(folder)?; // before the temporary file, whose errors name a file that nobody knows
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Umask => 0o666,
    };
    let mut temporary =
        tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    folder_itself.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        write(&path, b"old", Readers::Umask).expect("a writable folder");
        write(&path, b"new", Readers::Owner).expect("a writable folder");
        assert_eq!(fs::read(&path).expect("the file"), b"new");
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
        assert!(write(&folder.path().join("missing/file"), b"", Readers::Owner).is_err());
    }
}
