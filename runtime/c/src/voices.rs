//! Voices.

use std::ffi::{c_char, c_int};
use std::ptr;

use wavlm_runtime::tasks::speaker::{Embedding, SpeakerVerifier, UNTUNED_THRESHOLD};
use wavlm_runtime::{Model, SessionOptions};

use crate::error::guarded;
use crate::memory;

/// A model that embeds voices. One thread at a time may use it.
pub struct WavlmVoices {
    verifier: SpeakerVerifier,
    /// A call panicked, and what is here may be half changed.
    broken: bool,
}

/// Opens a model file.
///
/// Returns NULL on an error, which `wavlm_last_error` tells. What it returns must be closed with `wavlm_voices_close`.
///
/// # Safety
/// `path` is NULL or a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_voices_open(path: *const c_char) -> *mut WavlmVoices {
    let opened = guarded(|| {
        // SAFETY: the caller keeps the text while this runs.
        let path = unsafe { memory::path(path) }?;
        let model = Model::open(path).map_err(|error| error.to_string())?;
        let verifier = SpeakerVerifier::new(&model, &SessionOptions::default());
        let verifier = verifier.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(WavlmVoices { verifier, broken: false })
    });
    opened.map_or(ptr::null_mut(), |voices| Box::into_raw(Box::new(voices)))
}

/// Floats of an embedding; 0 if `voices` is NULL.
///
/// # Safety
/// `voices` is NULL, or comes from `wavlm_voices_open` and is not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_voices_dimension(voices: *const WavlmVoices) -> usize {
    // SAFETY: null gives `None`; else the caller vouches that it is open.
    unsafe { voices.as_ref() }.map_or(0, |voices| voices.verifier.dimension())
}

/// The score from which on two embeddings are one voice, as the model stores it.
///
/// # Safety
/// `voices` is NULL, or comes from `wavlm_voices_open` and is not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_voices_threshold(voices: *const WavlmVoices) -> f32 {
    // SAFETY: null gives `None`; else the caller vouches that it is open.
    let stored = unsafe { voices.as_ref() }.and_then(|voices| voices.verifier.threshold());
    stored.unwrap_or(UNTUNED_THRESHOLD)
}

/// Embeds the voice in a recording of a few seconds, 16 kHz, mono, full scale ±1, and writes `room` floats, which must be as
/// many as `wavlm_voices_dimension` says.
///
/// Returns 1, or 0 if there is no voice in it, or -1 on an error.
///
/// # Safety
/// `voices` is NULL, or comes from `wavlm_voices_open`, is not closed, and is used by no other thread meanwhile. `samples`
/// points to `count` floats, `embedding` to room for `room` of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_voices_embed(
    voices: *mut WavlmVoices,
    samples: *const f32,
    count: usize,
    embedding: *mut f32,
    room: usize,
) -> c_int {
    // SAFETY: null gives `None`; else the caller vouches that it is open and his alone.
    let voices = unsafe { voices.as_mut() };
    // SAFETY: the caller keeps the samples while this runs.
    let samples = unsafe { memory::floats(samples, count) };
    // SAFETY: the caller keeps the room for this call alone.
    let embedding = unsafe { memory::floats_to_write(embedding, room) };
    let embedded = guarded(|| {
        let (voices, samples, embedding) =
            (voices.ok_or("the voices are a null pointer")?, samples?, embedding?);
        if voices.broken {
            return Err("an earlier call failed in the middle; close these voices".to_owned());
        }
        let dimension = voices.verifier.dimension();
        if embedding.len() != dimension {
            return Err(format!("there is room for {room} floats; an embedding has {dimension}"));
        }
        voices.broken = true;
        let found = voices.verifier.embed(samples).map_err(|error| error.to_string());
        voices.broken = false;
        let Some(found) = found? else { return Ok(0) };
        embedding.copy_from_slice(found.as_slice());
        Ok(1)
    });
    embedded.unwrap_or(-1)
}

/// How alike two voices are: the cosine of their embeddings, from -1 to 1, written to `score`.
///
/// Returns 1, or -1 on an error, as where an embedding is all zeros.
///
/// # Safety
/// `one` and `other` point to `dimension` floats each, `score` to room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_score(
    one: *const f32,
    other: *const f32,
    dimension: usize,
    score: *mut f32,
) -> c_int {
    // SAFETY: the caller keeps both while this runs.
    let (one, other) = unsafe { (memory::floats(one, dimension), memory::floats(other, dimension)) };
    // SAFETY: the caller keeps the room for this call alone.
    let score = unsafe { memory::floats_to_write(score, 1) };
    let scored = guarded(|| {
        let direction = |values: &[f32]| Embedding::new(values).ok_or("an embedding has no direction");
        let cosine = direction(one?)?.cosine(&direction(other?)?);
        score?.fill(cosine);
        Ok(1)
    });
    scored.unwrap_or(-1)
}

/// Closes the voices. NULL is fine.
///
/// # Safety
/// `voices` is NULL, or comes from `wavlm_voices_open`, and must not be used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_voices_close(voices: *mut WavlmVoices) {
    if voices.is_null() {
        return;
    }
    guarded(|| {
        // SAFETY: it is a box that `wavlm_voices_open` gave away, and the caller gives it back.
        drop(unsafe { Box::from_raw(voices) });
        Ok(())
    });
}
