//! Checkpoint folders whose weights come from the fuzzer.

use std::cell::RefCell;
use std::fs;
use std::io::{Cursor, Write};

use tempfile::TempDir;
use wavlm_export::checkpoint::{Checkpoint, Wanted};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

thread_local! {
    /// Made once: making it costs more than reading a checkpoint.
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// `model.safetensors`
pub fn safetensors(bytes: &[u8]) -> bool {
    opened("model.safetensors", bytes)
}

/// `pytorch_model.bin`: the whole archive.
pub fn archive(bytes: &[u8]) -> bool {
    opened("pytorch_model.bin", bytes)
}

/// The pickle of an archive that is otherwise right, with one storage.
pub fn pickle(bytes: &[u8]) -> bool {
    opened("pytorch_model.bin", &archive_of(bytes).expect("an archive in memory"))
}

fn archive_of(pickle: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [("archive/data.pkl", pickle), ("archive/data/0", &[0; 64])] {
        archive.start_file(name, stored)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Whether a checkpoint of the standard configuration, with `bytes` as its weights, can be read.
fn opened(weights: &str, bytes: &[u8]) -> bool {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| {
            let folder = tempfile::tempdir().expect("a folder for checkpoints");
            for file in ["config.json", "preprocessor_config.json"] {
                fs::write(folder.path().join(file), "{}").expect("room for a configuration");
            }
            folder
        });
        let path = folder.path().join(weights);
        fs::write(&path, bytes).expect("room for the weights");
        let opened = Checkpoint::open(folder.path(), &Wanted::default()).is_ok();
        fs::remove_file(path).expect("the weights");
        opened
    })
}
