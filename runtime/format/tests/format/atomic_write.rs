//! A file is written whole or not at all.

use std::fs;
use std::path::Path;

use wavlm_format::*;

use crate::round_trip::{DENSE, complete, model, writer};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_written_file_equals_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.wlm");
    writer().finish(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), writer().to_bytes().unwrap());
    assert_eq!(names(folder.path()), ["m.wlm"]);
    ModelFile::open(&path).unwrap().verify().unwrap();
}

#[test]
fn an_open_model_survives_its_replacement() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.wlm");
    writer().finish(&path).unwrap();
    let before = ModelFile::open(&path).unwrap();
    complete(model(), true).finish(&path).unwrap();
    before.verify().unwrap();
    let bias = "stem.0.conv.bias";
    assert!(!before.has(bias) && ModelFile::open(&path).unwrap().has(bias));
}

#[test]
fn failure_leaves_the_folder_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = folder.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    let error = writer().finish(&occupied).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", occupied.display())) && !error.contains('\n'), "{error}");

    let mut twice = writer();
    twice.add_dense(DENSE, &[34], vec![0.0; 34]).unwrap();
    assert!(matches!(twice.finish(&folder.path().join("m.wlm")), Err(WriteError::Format(_))));
    assert!(writer().finish(&folder.path().join("missing/m.wlm")).is_err());
    assert_eq!(names(folder.path()), ["occupied"]);
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_an_ordinary_file_or_of_the_one_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let (path, ordinary) = (folder.path().join("m.wlm"), folder.path().join("ordinary"));
    fs::write(&ordinary, "").unwrap();
    writer().finish(&path).unwrap();
    assert_eq!(mode(&path), mode(&ordinary));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    writer().finish(&path).unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn what_is_not_a_model_file_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.wlm");
    let error = ModelFile::open(&missing).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }));
    assert_eq!(error.to_string(), format!("{}: No such file or directory (os error 2)", missing.display()));

    let error = ModelFile::open(folder.path()).unwrap_err().to_string();
    assert_eq!(error, format!("{}: not a regular file, expected a .wlm model", folder.path().display()));

    let empty = folder.path().join("empty.wlm");
    fs::write(&empty, "").unwrap();
    let error = ModelFile::open(&empty).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: not a .wlm model: does not start with its 8 magic bytes", empty.display())
    );
}
