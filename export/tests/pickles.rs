//! Torch archives with pickles of every kind: whatever their bytes, reading ends in tensors or in an error, and nothing
//! is executed.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;
use wavlm_export::checkpoint::{Checkpoint, CheckpointError, Problem, TorchProblem, Wanted};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A checkpoint whose weights are an archive of these entries.
fn checkpoint(entries: &[(&str, &[u8])], compression: CompressionMethod) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), "{}").unwrap();
    std::fs::write(folder.path().join("preprocessor_config.json"), "{}").unwrap();
    let mut zip = ZipWriter::new(std::fs::File::create(folder.path().join("pytorch_model.bin")).unwrap());
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(compression);
        zip.start_file(format!("archive/{name}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    folder
}

fn open(folder: &TempDir) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(folder.path(), &Wanted::default())
}

/// What is wrong with an archive of this pickle and one storage of three f32.
fn refusal(pickle: &[u8]) -> TorchProblem {
    refusal_of(&[("data.pkl", pickle), ("data/0", &[0; 12])], CompressionMethod::Stored)
}

fn refusal_of(entries: &[(&str, &[u8])], compression: CompressionMethod) -> TorchProblem {
    match open(&checkpoint(entries, compression)) {
        Err(CheckpointError { problem: Problem::Torch(problem), .. }) => problem,
        other => panic!("{other:?}"),
    }
}

/// `{"w": _rebuild_tensor_v2(storage "0" of 3 f32, offset, (size,), (stride,), False, {})}`
fn one_tensor(offset: u8, size: u8, stride: u8) -> Vec<u8> {
    let mut pickle = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x03tQ".to_vec();
    pickle.extend([b'K', offset, b'K', size, 0x85, b'K', stride, 0x85, 0x89, b'}', b't', b'R', b's', b'.']);
    pickle
}

#[test]
fn a_tensor_is_read() {
    let storage: Vec<u8> = [1.5_f32, -2.0, 3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let entries: [(&str, &[u8]); 3] =
        [("data.pkl", &one_tensor(1, 2, 1)), ("byteorder", b"little"), ("data/0", &storage)];
    let checkpoint = open(&checkpoint(&entries, CompressionMethod::Stored)).unwrap();
    let tensor = &checkpoint.tensors.floats["w"];
    assert_eq!(tensor.shape(), [2]);
    assert_eq!(tensor.as_slice().unwrap(), [-2.0, 3.0]);
}

#[test]
fn globals_outside_the_list_are_refused_by_name() {
    for (pickle, name) in [
        (&b"\x80\x02cposix\nsystem\nX\x04\0\0\0trueX\x00\0\0\0\x85R."[..], "posix.system"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval"),
        (b"\x80\x02ctorch\nload\n.", "torch.load"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v3\n.", "torch._utils._rebuild_tensor_v3"),
    ] {
        match refusal(pickle) {
            TorchProblem::Global(found) => assert_eq!(found, name),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn allowed_names_can_only_be_used_as_torch_does() {
    for (pickle, what) in [
        (&b"\x80\x02ctorch\nFloatStorage\n)R."[..], "arguments"),
        (b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R.", "arguments"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "arguments"),
        (b"\x80\x02X\x01\0\0\0a)R.", "cannot be called"),
        (b"\x80\x02K\x01Q.", "reference"),
        (b"\x80\x02i", "no state dict needs"),
        (b"\x80\x02}(K\x01u.", "without a value"),
        (b"\x80\x02].", "holds no state dict"),
        (b"\x80\x02}X\x05\0\0\0modelX\x01\0\0\0xs.", "holds no state dict"),
        (b"\x80\x02}q\0X\x05\0\0\0modelh\0s.", "holds no state dict"),
        (b"\x80\x02h\x07.", "empty memo"),
        (b"\x80\x020.", "empty stack"),
        (b"\x80\x02K\x01(0.", "empty stack"),
        (b"\x80\x02t.", "no mark"),
        (b"\x80\x02X\xff\xff\xff\xff", "ends within"),
        (b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "ends within"),
        (b"\x80\x02ctorch", "ends within"),
        (b"\x80\x02X\x01\0\0\0\xff.", "UTF-8"),
        (b"\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\0.", "64 bits"),
        (b"", "ends within"),
    ] {
        let refusal = refusal(pickle).to_string();
        assert!(refusal.contains(what), "{}: {refusal}", pickle.escape_ascii());
    }
}

#[test]
fn tensors_outside_their_storage_are_refused() {
    for (offset, size, stride) in [(3, 1, 1), (0, 4, 1), (0, 2, 3), (200, 1, 1), (0, 255, 0)] {
        let refusal = refusal(&one_tensor(offset, size, stride));
        assert!(matches!(&refusal, TorchProblem::Bounds(name) if name == "w"), "{refusal}");
    }
}

#[test]
fn a_storage_read_ten_thousand_times_is_refused() {
    // One storage of 4 kB under ten thousand names: 40 MB from an archive of 400 kB.
    let view = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuM\0\x04tQK\0M\0\x04\x85K\x01\x85\x89}tRq\0";
    let mut pickle = [&b"\x80\x02}"[..], b"X\x05\0\0\0first", view, b"s"].concat();
    for i in 0..10_000 {
        pickle.extend(b"X\x05\0\0\0");
        pickle.extend(format!("{i:05}").bytes());
        pickle.extend(b"h\0s");
    }
    pickle.push(b'.');
    let refusal = refusal_of(&[("data.pkl", &pickle), ("data/0", &[0; 4096])], CompressionMethod::Stored);
    assert!(matches!(refusal, TorchProblem::Inflated), "{refusal}");
}

#[test]
fn damaged_archives_are_refused() {
    let pickle: &[u8] = &one_tensor(0, 3, 1);
    let stored = CompressionMethod::Stored;
    let short = refusal_of(&[("data.pkl", pickle), ("data/0", &[0; 11])], stored);
    assert!(matches!(short, TorchProblem::Storage { found: 11, expected: 12, .. }), "{short}");
    let absent = refusal_of(&[("data.pkl", pickle)], stored);
    assert!(matches!(&absent, TorchProblem::NoEntry(name) if name == "archive/data/0"), "{absent}");
    let big = refusal_of(&[("data.pkl", pickle), ("byteorder", b"big"), ("data/0", &[0; 12])], stored);
    assert!(matches!(&big, TorchProblem::ByteOrder(order) if order == "big"), "{big}");
    let empty = refusal_of(&[("version", b"3")], stored);
    assert!(matches!(&empty, TorchProblem::NoEntry(name) if name == "data.pkl"), "{empty}");
    let packed = refusal_of(&[("data.pkl", pickle), ("data/0", &[0; 12])], CompressionMethod::Deflated);
    assert!(matches!(packed, TorchProblem::Compressed(_)), "{packed}");
}

/// The pickle of a golden checkpoint, and the folder it is from.
fn golden_archive() -> Vec<u8> {
    let case =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/cases/ctc-group/pytorch_model.bin");
    std::fs::read(case).unwrap()
}

fn open_archive(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let folder = checkpoint(&[], CompressionMethod::Stored);
    std::fs::write(folder.path().join("pytorch_model.bin"), bytes).unwrap();
    open(&folder)
}

proptest! {
    #[test]
    fn no_pickle_makes_the_reader_panic(pickle in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = open(&checkpoint(&[("data.pkl", &pickle)], CompressionMethod::Stored));
    }

    /// Instructions that mean something, in any order.
    #[test]
    fn no_sequence_of_instructions_makes_the_reader_panic(
        instructions in prop::collection::vec(prop::sample::select(vec![
            &b"("[..], b")", b"\x85", b"\x86", b"\x87", b"t", b"]", b"a", b"e", b"}", b"s", b"u", b"0", b"1", b"2",
            b"q\0", b"q\x01", b"h\0", b"h\x01", b"\x94", b"b", b"N", b"\x88", b"K\x01", b"M\xff\xff", b"J\xff\xff\xff\xff",
            b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"G\0\0\0\0\0\0\0\0", b"R", b"Q",
            b"X\x07\0\0\0storage", b"X\x01\0\0\x000", b"X\x05\0\0\0model", b"ctorch\nFloatStorage\n",
            b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_parameter\n",
            b"ccollections\nOrderedDict\n", b"((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000NK\x03tQ",
        ]), 0..60)
    ) {
        let mut pickle = instructions.concat();
        pickle.push(b'.');
        let _ = open(&checkpoint(&[("data.pkl", &pickle), ("data/0", &[0; 12])], CompressionMethod::Stored));
    }

    #[test]
    fn no_damage_to_an_archive_makes_the_reader_panic(at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut archive = golden_archive();
        let at = at.index(archive.len());
        archive[at] = byte;
        if cut {
            archive.truncate(at);
        }
        let _ = open_archive(&archive);
    }
}
