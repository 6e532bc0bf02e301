//! Replacing a file in one step, so that no reader ever sees half of it and a power cut leaves the old or the new one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::Builder;

/// Who may read a file that was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the umask lets.
    Umask,
    /// The owner alone, also where the old file was open to others.
    Owner,
}

/// Has `write` fill a temporary file beside `path`, syncs it, renames it to `path`, and syncs the folder.
///
/// # Errors
/// The folder cannot be written, the disk is full, or `write` failed. Nothing is left behind then, and whatever stood at
/// `path` is unchanged.
pub fn write_atomically(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Before the temporary file, whose errors would name a file that nobody knows.
    fs::metadata(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".wavlm-");
    if readers == Readers::Umask {
        set_new_file_permissions(&mut builder);
    }
    // Removed when dropped, unless it was persisted.
    let temporary = builder.tempfile_in(folder)?;
    let mut out = BufWriter::new(temporary.as_file());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    if let (Readers::Umask, Ok(existing)) = (readers, fs::metadata(path)) {
        temporary.as_file().set_permissions(existing.permissions())?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Permissions of an ordinary new file, which the umask reduces; temporary files are private by default.
#[cfg(unix)]
fn set_new_file_permissions(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn set_new_file_permissions(_: &mut Builder<'_, '_>) {}

/// Makes the rename itself durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Only Unix lets a folder be opened and synchronised; elsewhere the file system decides.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        let write = |text: &'static str, readers| {
            write_atomically(&path, readers, |out| out.write_all(text.as_bytes()))
        };
        write("old", Readers::Umask).expect("a writable folder");
        write("new", Readers::Owner).expect("a writable folder");
        assert_eq!(fs::read_to_string(&path).expect("the file"), "new");
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        write_atomically(&path, Readers::Umask, |_| Err(io::Error::other("no")))
            .expect_err("the writer's error");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
        let nowhere = folder.path().join("missing/file");
        write_atomically(&nowhere, Readers::Owner, |_| Ok(())).expect_err("no such folder");
    }
}
