//! Recordings to compare on.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use wavlm_runtime::frontend::{self, AudioReader, SAMPLE_RATE, SoundOptions};

/// What a comparison reads of each recording, in seconds: enough for every part of a model to be heard from.
pub const COMPARED_SECONDS: u32 = 10;

/// Endings of the names of recordings in a folder.
const SOUNDS: [&str; 15] = [
    "wav", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aac", "aif", "aiff", "aifc", "caf", "au", "snd", "w64",
];

/// A piece of sound with a name for messages.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Where it comes from.
    pub name: String,
    /// 16 kHz mono samples in ±1.
    pub samples: Vec<f32>,
}

impl Recording {
    /// Its length.
    pub fn seconds(&self) -> f32 {
        self.samples.len() as f32 / SAMPLE_RATE as f32
    }
}

/// Why there is nothing to compare on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The folder cannot be listed.
    #[error("{}: cannot be listed: {cause}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// No recording in it.
    #[error("{}: no recordings in this folder; their names end in one of {}", path.display(), SOUNDS.join(", "))]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A recording cannot be read.
    #[error("{}: {cause}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: frontend::AudioError,
    },
}

/// Speech that comes with the program: a sentence, and a row of commands.
static BUNDLED: [(&str, &[u8]); 2] = [
    ("sentence-a.wav", include_bytes!("../../models/samples/sentence-a.wav")),
    ("commands-a.wav", include_bytes!("../../models/samples/commands-a.wav")),
];

/// The recordings to compare on where no others are given.
///
/// # Panics
/// Never: they are part of the program, and a test reads them.
pub fn bundled() -> Vec<Recording> {
    let read = |&(name, bytes): &(&str, &'static [u8])| {
        let reader = AudioReader::from_stream(Cursor::new(bytes), &SoundOptions::default());
        let samples = reader.and_then(|mut reader| reader.read_to_end());
        Recording { name: name.to_owned(), samples: samples.expect("a good recording") }
    };
    BUNDLED.iter().map(read).collect()
}

/// One recording, whole.
pub fn read(path: &Path) -> Result<Recording, AudioError> {
    let samples =
        frontend::read_clip(path).map_err(|cause| AudioError::Recording { path: path.to_owned(), cause })?;
    Ok(Recording { name: path.display().to_string(), samples })
}

/// The first [`COMPARED_SECONDS`] of every recording of a folder, by name.
pub fn read_folder(folder: &Path) -> Result<Vec<Recording>, AudioError> {
    let list = |cause| AudioError::List { path: folder.to_owned(), cause };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(list)? {
        let path = entry.map_err(list)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if SOUNDS.iter().any(|known| known.eq_ignore_ascii_case(ending)) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(AudioError::Empty { path: folder.to_owned() });
    }
    paths.sort();
    paths.iter().map(|path| beginning(path)).collect()
}

/// The first [`COMPARED_SECONDS`] of a recording; the rest is not decoded.
fn beginning(path: &Path) -> Result<Recording, AudioError> {
    let fail = |cause| AudioError::Recording { path: path.to_owned(), cause };
    let wanted = (COMPARED_SECONDS * SAMPLE_RATE) as usize;
    let mut reader = AudioReader::open(path, &SoundOptions::default()).map_err(fail)?;
    let mut samples = Vec::new();
    while samples.len() < wanted
        && let Some(piece) = reader.next_piece().map_err(fail)?
    {
        samples.extend_from_slice(piece);
    }
    samples.truncate(wanted);
    Ok(Recording { name: path.display().to_string(), samples })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_recordings_hold_speech() {
        for recording in bundled() {
            assert!(recording.seconds() > 2.0, "{}", recording.name);
            let loudest = recording.samples.iter().fold(0.0_f32, |loudest, x| loudest.max(x.abs()));
            assert!((0.05..=1.0).contains(&loudest), "{}: {loudest}", recording.name);
        }
    }
}
