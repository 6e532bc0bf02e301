//! Writing an output: a file is replaced in one step, so that no reader ever sees half of it and a power cut leaves the
//! old or the new one. What is no file, such as a pipe, is written to, and stays what it is.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// Symbolic links that are followed one after another, as in Linux.
const MAX_LINKS: usize = 40;

/// Who may read a file that was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the umask lets.
    Umask,
    /// The owner alone, also where the old file was open to others.
    Owner,
}

/// Where an output goes once symbolic links have been followed.
#[derive(Debug)]
pub enum Destination {
    /// A file in a folder that exists; it need not exist itself.
    File {
        /// Its path, which is no symbolic link.
        path: PathBuf,
        /// What stands there now.
        existing: Option<Metadata>,
    },
    /// A pipe, a terminal, a character device, or a descriptor that is already open: written to as it is.
    Stream(PathBuf),
}

impl Destination {
    /// Finds out where `path` leads. Nothing is opened or changed.
    ///
    /// # Errors
    /// The folder does not exist, links go round in a circle, or there is something that must not be replaced: a folder
    /// or a block device.
    pub fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; name a file"))
            }
            Ok(metadata) if is_block_device(metadata.file_type()) => {
                Err(io::Error::other("is a block device, which would be overwritten; name a file"))
            }
            Ok(metadata) if !metadata.is_file() => Ok(Self::Stream(path.to_owned())),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            // A file, nothing, or a link to nothing.
            _ => Self::of_file(path.to_owned()),
        }
    }

    fn of_file(mut path: PathBuf) -> io::Result<Self> {
        for _ in 0..MAX_LINKS {
            // Before anything is made there: an error about a temporary file would name what nobody knows.
            let folder = fs::canonicalize(folder_of(&path))?;
            match fs::symlink_metadata(&path) {
                Ok(link) if link.is_symlink() => {
                    // `/dev/stdout` leads there: its links name open files, which may have no path any more.
                    if folder.starts_with("/proc") {
                        return Ok(Self::Stream(path));
                    }
                    path = folder.join(fs::read_link(&path)?);
                }
                Ok(existing) => return Ok(Self::File { path, existing: Some(existing) }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Self::File { path, existing: None });
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many symbolic links, one leading to the next"))
    }

    /// Writes what `write` writes, as [`write_atomically`] says.
    fn write(
        &self,
        readers: Readers,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            Self::File { path, existing } => replace(path, existing.as_ref(), readers, write),
            Self::Stream(path) => {
                // What an open file already holds stays in front, as with `>>` in a shell.
                let file = OpenOptions::new().append(true).open(path)?;
                fill(&file, write)
            }
        }
    }
}

/// Writes an output to `path`, following symbolic links.
///
/// A file is replaced as a whole: `write` fills a temporary file beside it, which is synced and renamed. Owner and
/// permissions of the file that stood there are kept, unless `readers` says otherwise. A pipe, a terminal, a character
/// device or an open descriptor such as `/dev/stdout` is written to directly and never replaced.
///
/// # Errors
/// Those of [`Destination::of`]; the folder cannot be written, the disk is full, or `write` failed. A file at `path` is
/// unchanged then, and nothing is left beside it.
pub fn write_atomically(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    Destination::of(path)?.write(readers, write)
}

fn replace(
    path: &Path,
    existing: Option<&Metadata>,
    readers: Readers,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut builder = Builder::new();
    builder.prefix(".wavlm-");
    if readers == Readers::Umask {
        set_new_file_permissions(&mut builder);
    }
    let folder = folder_of(path);
    // Removed when dropped, unless it was persisted.
    let temporary = builder.tempfile_in(folder)?;
    fill(temporary.as_file(), write)?;
    if let Some(existing) = existing {
        keep_owner(temporary.as_file(), existing);
        if readers == Readers::Umask {
            temporary.as_file().set_permissions(existing.permissions())?;
        }
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

fn fill(file: &File, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn is_block_device(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_block_device()
}

#[cfg(not(unix))]
fn is_block_device(_: FileType) -> bool {
    false
}

/// Gives the new file to whom the old one belonged. Only root may; for all others the two are the same already.
#[cfg(unix)]
fn keep_owner(file: &File, existing: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(existing.uid()), Some(existing.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

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
