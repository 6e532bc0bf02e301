//! A file, or `-` for stdin, as sound.

use std::io;
use std::path::Path;

use wavlm_runtime::frontend::AudioReader;

use crate::failure::Failure;

/// Opens a WAV file, or stdin as WAV or raw s16le at 16 kHz.
///
/// # Errors
/// The file cannot be read, or is not sound.
pub fn open(file: &Path) -> Result<AudioReader, Failure> {
    let reader =
        if file == Path::new("-") { AudioReader::from_stream(io::stdin()) } else { AudioReader::open(file) };
    reader.map_err(Failure::sound(file))
}

/// The whole sound as 16 kHz mono samples.
///
/// # Errors
/// As [`open`]; or the sound is broken, or too long to hold.
pub fn read(file: &Path) -> Result<Vec<f32>, Failure> {
    open(file)?.read_to_end().map_err(Failure::sound(file))
}
