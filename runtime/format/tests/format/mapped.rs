//! Opening a model touches its header, however large the model is.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use wavlm_format::*;

use crate::forge::{self, FIRST};

/// Bytes of the mapping of `path` that this process has touched, or that the kernel brought along.
fn resident(path: &Path) -> u64 {
    let maps = fs::read_to_string("/proc/self/smaps").expect("Linux");
    let (_, mapping) = maps.split_once(&*path.to_string_lossy()).expect("mapped");
    let line = mapping.lines().find_map(|line| line.strip_prefix("Rss:")).expect("a size");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}

#[test]
fn opening_a_large_model_touches_its_header_alone() {
    let mut header = forge::header();
    (header.encoder.hidden_size, header.encoder.intermediate_size) = (4096, 16384);
    let tensors = forge::complete(&header);
    let length = forge::end_of(&tensors) as u64;
    assert!(length > 200 << 20, "{length} bytes");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.wlm");
    fs::write(&path, forge::seal(&forge::encode(&Header { tensors, ..header }), FIRST)).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(length).unwrap();

    let file = Arc::new(ModelFile::open(&path).unwrap());
    let tensor = file.tensor("layers.1.feed_forward.up.weight").unwrap();
    let view = tensor.panels_i8_again().unwrap();
    assert_eq!(view.data.len(), 4096 * 16384);
    // Kernels map the pages around a touched one if they have them at hand; 64 KiB is Linux's default.
    assert!(resident(&path) <= 2 * FIRST as u64, "{} bytes", resident(&path));
    assert_eq!(view.data[view.data.len() / 2], 0);
}
