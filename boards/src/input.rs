//! A file, or `-` for stdin, as sound.

use std::io;
use std::path::Path;

use wavlm_runtime::frontend::{AudioReader, AudioWarning, SoundOptions};

use crate::failure::Failure;

/// Opens a sound file, or stdin as a sound file or raw samples.
///
/// # Errors
/// The file cannot be read, or is not sound.
pub fn open(file: &Path, options: &SoundOptions) -> Result<AudioReader, Failure> {
    let reader = if file == Path::new("-") {
        AudioReader::from_stream(io::stdin(), options)
    } else {
        AudioReader::open(file, options)
    };
    let mut reader = reader.map_err(Failure::sound(file))?;
    warn(file, reader.take_warnings());
    Ok(reader)
}

/// The whole sound as 16 kHz mono samples.
///
/// # Errors
/// As [`open`]; or the sound is broken, or too long to hold.
pub fn read(file: &Path, options: &SoundOptions) -> Result<Vec<f32>, Failure> {
    let mut reader = open(file, options)?;
    let samples = reader.read_to_end().map_err(Failure::sound(file))?;
    warn(file, reader.take_warnings());
    Ok(samples)
}

/// Says on stderr what should be known about a sound, although it is read.
pub fn warn(file: &Path, warnings: Vec<AudioWarning>) {
    for warning in warnings {
        eprintln!("wavlm: {}: warning: {warning}", file.display());
    }
}
