//! What a fuzzer calls: each function gives bytes from elsewhere to one parser, through the door that users' files take.
//!
//! None may panic, hang, or allocate more than the bytes justify; each returns whether the parser accepted them, which
//! the test of the seeds asserts. Where a checksum would stop every guess at the door, it is made right first.
#![forbid(unsafe_code)]

mod checkpoint;

pub use checkpoint::{archive, pickle, safetensors};

use std::io::Cursor;
use std::sync::Arc;

use wavlm_format::{MAGIC, ModelFile, PREFIX};
use wavlm_link::{Answer, Message};
use wavlm_phrasebook::{Book, Spoken, remove};
use wavlm_runtime::Model;
use wavlm_runtime::frontend::{AudioReader, SoundOptions};
use wavlm_runtime::tasks::phrases::Background;
use wavlm_runtime::tasks::speaker::Voiceprint;
use wavlm_settings::Settings;
use wavlm_wyoming::{Decoder, Request};

/// A model file: opened, checked in full, and planned.
pub fn wlm(bytes: &[u8]) -> bool {
    let Ok(file) = ModelFile::from_bytes(with_header_checksum(bytes)) else { return false };
    let verified = file.verify().is_ok();
    let file = Arc::new(file);
    for entry in &file.header().tensors {
        let _ = file.tensor(&entry.name);
    }
    let planned = Model::from_file(file).session(&wavlm_runtime::SessionOptions::default()).is_ok();
    verified && planned
}

/// The bytes with the checksum that their header should have.
fn with_header_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.get(MAGIC.len() + 2..).and_then(|rest| rest.first_chunk());
    let length = length.map_or(0, |length| u32::from_le_bytes(*length) as usize);
    if let Some((header, rest)) = PREFIX.checked_add(length).and_then(|end| bytes.split_at_mut_checked(end))
        && let Some(checksum) = rest.first_chunk_mut()
    {
        *checksum = crc32fast::hash(header).to_le_bytes();
    }
    bytes
}

/// Sound of any kind, from a stream.
pub fn sound(bytes: &[u8]) -> bool {
    let reader = AudioReader::from_stream(Cursor::new(bytes.to_vec()), &SoundOptions::default());
    reader.and_then(|mut reader| reader.read_to_end()).is_ok()
}

/// A body in the envelope of our small files.
fn sealed(magic: &[u8; 8], version: u8, body: &[u8]) -> Vec<u8> {
    let mut file = [magic, [version, 0].as_slice(), &(body.len() as u32).to_le_bytes(), body].concat();
    file.extend_from_slice(&crc32fast::hash(&file).to_le_bytes());
    file
}

/// The body of a voiceprint, in a file of either version that is otherwise right; and the bytes as the whole file.
pub fn voiceprint(bytes: &[u8]) -> bool {
    let bodies = [1, 2].map(|version| Voiceprint::from_bytes(&sealed(b"WLMVOICE", version, bytes)).is_ok());
    Voiceprint::from_bytes(bytes).is_ok() || bodies != [false, false]
}

/// The body of a background of phrases, in a file that is otherwise right; what is read can be searched.
pub fn background(bytes: &[u8]) -> bool {
    let Ok(background) = Background::from_bytes(&sealed(b"WLMNOISE", 1, bytes)) else { return false };
    let _ = background.alarms(&[vec![1, 2, usize::MAX]]).thresholds();
    true
}

/// A file of words, as a person wrote it; and the bytes as text and phones of a phrase.
pub fn words(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let _ = Spoken::of_text(&text);
    let _ = Spoken::of_phones(std::slice::from_ref(&text));
    let Ok(book) = Book::parse(&text) else { return false };
    let mut names = book.phrases.iter().map(|entry| entry.text.as_str());
    names.all(|name| remove(&text, name).is_ok_and(|(_, was_there)| was_there))
}

/// What a client of the Wyoming service sends, as it comes from a socket; whether all of it was messages.
pub fn wyoming(bytes: &[u8]) -> bool {
    let mut decoder = Decoder::new();
    let mut understood = 0;
    for piece in bytes.chunks(100) {
        decoder.push(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => understood += usize::from(Request::try_from(message).is_ok()),
                Ok(None) => break,
                Err(_) => return false,
            }
        }
    }
    understood > 0
}

/// Both directions of the serial line to a lock; whether a frame of either was among the bytes.
pub fn line(bytes: &[u8]) -> bool {
    let (mut there, mut back) = (wavlm_link::Decoder::new(), wavlm_link::Decoder::new());
    let mut frames = 0;
    for &byte in bytes {
        frames += usize::from(there.push::<Message>(byte).is_some());
        frames += usize::from(back.push::<Answer>(byte).is_some());
    }
    frames > 0
}
