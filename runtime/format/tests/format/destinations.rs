//! Outputs go where their path leads: links are followed, and what is no file stays what it is.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use wavlm_format::{Destination, ModelFile, Readers, write_atomically};

use crate::round_trip::writer;

fn write(path: &Path, text: &str) -> io::Result<()> {
    write_atomically(path, Readers::Umask, |out| out.write_all(text.as_bytes()))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs `mknod` or `mkfifo`; says so and returns false where that is not possible.
fn made(program: &str, path: &Path, arguments: &[&str]) -> bool {
    let done = Command::new(program).arg(path).args(arguments).stderr(Stdio::null()).status();
    let done = done.is_ok_and(|status| status.success());
    if !done {
        println!("not run: `{program}` cannot make {} here", path.display());
    }
    done
}

#[test]
fn links_are_followed_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("models")).unwrap();
    fs::write(at("models/m.wlm"), "old").unwrap();
    fs::set_permissions(at("models/m.wlm"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("models/m.wlm", at("direct")).unwrap();
    symlink(at("direct"), at("by-way-of")).unwrap();
    symlink("models/new.wlm", at("dangling")).unwrap();
    symlink("models", at("folder")).unwrap();
    symlink("../direct", at("models/up")).unwrap();
    for (link, target) in [
        ("direct", "models/m.wlm"),
        ("by-way-of", "models/m.wlm"),
        ("dangling", "models/new.wlm"),
        ("folder/up", "models/m.wlm"),
    ] {
        write(&at(link), link).unwrap();
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        assert_eq!(fs::read_to_string(at(target)).unwrap(), link);
    }
    assert_eq!(fs::metadata(at("models/m.wlm")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(&at("models")), ["m.wlm", "new.wlm", "up"]);
}

#[test]
fn links_that_lead_nowhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink("b", at("a")).unwrap();
    symlink("a", at("b")).unwrap();
    symlink("missing/m.wlm", at("c")).unwrap();
    for link in ["a", "b", "c"] {
        write(&at(link), "new").expect_err(link);
    }
    let error = write(folder.path(), "new").unwrap_err().to_string();
    assert!(error.contains("is a folder"), "{error}");
    assert_eq!(names(folder.path()), ["a", "b", "c"]);
}

#[test]
fn a_model_can_be_sent_through_a_fifo() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    if !made("mkfifo", &fifo, &[]) {
        return;
    }
    let received = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut bytes = Vec::new();
            File::open(&fifo).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        });
        writer().finish(&fifo).unwrap();
        reader.join().unwrap()
    });
    assert_eq!(received, writer().to_bytes().unwrap());
    ModelFile::from_bytes(received).unwrap();
    assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    assert_eq!(names(folder.path()), ["fifo"]);
}

/// `/dev/full` and `/dev/null`, and copies of them made here, which a mistake could replace without harm.
#[test]
fn devices_are_written_to_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let full = folder.path().join("full");
    let null = folder.path().join("null");
    if !made("mknod", &full, &["c", "1", "7"]) || !made("mknod", &null, &["c", "1", "3"]) {
        return;
    }
    if File::options().append(true).open(&null).is_err() {
        println!("not run: devices cannot be opened in {}", folder.path().display());
        return;
    }
    write(&null, "gone").unwrap();
    let error = write(&full, "too much").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    let error = writer().finish(&full).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", full.display())) && !error.contains('\n'), "{error}");
    for device in [&full, &null] {
        assert!(fs::symlink_metadata(device).unwrap().file_type().is_char_device());
    }
    assert_eq!(names(folder.path()), ["full", "null"]);

    let disk = folder.path().join("disk");
    if made("mknod", &disk, &["b", "7", "250"]) {
        let error = write(&disk, "no").unwrap_err().to_string();
        assert!(error.contains("is a block device"), "{error}");
        assert!(fs::symlink_metadata(&disk).unwrap().file_type().is_block_device());
    }
}

/// The descriptor may belong to a file that has other content in front, or that has lost its name.
#[cfg(target_os = "linux")]
#[test]
fn an_open_descriptor_is_written_to() {
    use std::os::fd::AsRawFd;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "first ").unwrap();
    let open = File::options().append(true).open(&path).unwrap();
    let descriptor = format!("/dev/fd/{}", open.as_raw_fd());
    let inode = fs::metadata(&path).unwrap().ino();
    write(Path::new(&descriptor), "second").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "first second");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    let link = folder.path().join("link");
    symlink(&descriptor, &link).unwrap();
    assert!(matches!(Destination::of(&link).unwrap(), Destination::Stream(_)));
    assert_eq!(names(folder.path()), ["link", "log"]);
}

#[test]
fn a_folder_that_cannot_be_written_keeps_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.wlm");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if File::create(folder.path().join("probe")).is_ok() {
        println!("not run: this user may write into folders without permission");
        return;
    }
    let error = write(&path, "new").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}
