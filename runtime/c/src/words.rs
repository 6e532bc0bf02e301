//! Keywords in one sound.

use std::collections::VecDeque;
use std::ffi::{CString, c_char, c_int};
use std::ptr;

use wavlm_phrasebook::Book;
use wavlm_runtime::tasks::phrases::{Alphabet, PhraseSpotter};
use wavlm_runtime::tasks::words::{Beside, Detection, Hearer, KeywordSpotter, Tuning, WordModel};
use wavlm_runtime::{Decision, Model, SessionOptions};
use wavlm_settings::Settings;

use crate::error::guarded;
use crate::memory;

/// A model that hears keywords, and the sound that it hears. One thread at a time may use it.
pub struct WavlmWords {
    model: WordModel,
    hearer: Hearer,
    /// Texts that events point to.
    keywords: Vec<CString>,
    waiting: VecDeque<Detection>,
    finished: bool,
    /// A call panicked, and what is here may be half changed.
    broken: bool,
}

/// A keyword that was heard.
#[repr(C)]
pub struct WavlmEvent {
    /// Which; the text stays until the words are closed.
    pub keyword: *const c_char,
    /// How likely, from 0 to 1.
    pub score: f32,
    /// Where it begins, in seconds from the first sample.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
}

/// Opens a model file and begins a sound. `threshold` is the smallest accepted score, from 0 to 1; a negative one takes the
/// model's own.
///
/// Returns NULL on an error, which `wavlm_last_error` tells. What it returns must be closed with `wavlm_words_close`.
///
/// # Safety
/// `path` is NULL or a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_open(path: *const c_char, threshold: f32) -> *mut WavlmWords {
    let opened = guarded(|| {
        // SAFETY: the caller keeps the text while this runs.
        let path = unsafe { memory::path(path) }?;
        let model = Model::open(path).map_err(|error| error.to_string())?;
        let place = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let model = WordModel::new(&model, &SessionOptions::default()).map_err(|error| place(&error))?;
        let stored = model.decision();
        let threshold = if threshold < 0.0 { stored.threshold } else { threshold };
        let spotter = model.spotter(&Decision { threshold, ..stored }).map_err(|error| error.to_string())?;
        let keywords: Vec<String> = model.keywords().into_iter().map(str::to_owned).collect();
        WavlmWords::new(model, Hearer::new(spotter), keywords)
    });
    given_away(opened)
}

/// Opens a model file and a file of words, as `wavlm words` writes it, and begins a sound: the phrases of the file are heard,
/// and those keywords of the model that it names. Phrases that are for certain voices are refused: no voice is told here.
///
/// Returns NULL on an error, which `wavlm_last_error` tells. What it returns must be closed with `wavlm_words_close`.
///
/// # Safety
/// `path` and `book` are NULL or texts that end with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_open_book(path: *const c_char, book: *const c_char) -> *mut WavlmWords {
    let opened = guarded(|| {
        // SAFETY: the caller keeps both texts while this runs.
        let (path, file) = unsafe { (memory::path(path)?, memory::path(book)?) };
        let model = Model::open(path).map_err(|error| error.to_string())?;
        let of_model = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let of_book = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let book = Book::read(file).map_err(|error| error.to_string())?;
        if let Some(name) = book.voices().next() {
            return Err(of_book(&format_args!("a phrase is only for {name:?}, and no voice is told here")));
        }
        let alphabet = Alphabet::of(&model).ok_or_else(|| of_model(&"tells no phones"))?;
        let phrases = book.phrases(&alphabet).map_err(|error| of_book(&error))?;
        let beside = Beside { phones: true, ..Beside::default() };
        let model =
            WordModel::with(&model, &SessionOptions::default(), beside).map_err(|error| of_model(&error))?;
        if let Some(word) = book.keywords.iter().find(|word| !model.keywords().contains(&word.as_str())) {
            return Err(of_book(&format_args!("the model has no word {word:?}")));
        }
        let decision = model.decision();
        let tuning = Tuning { keywords: Some(book.keywords.clone()), ..Tuning::default() };
        let spotter = KeywordSpotter::tuned(model.labels(), &decision, &tuning);
        let mut hearer = Hearer::new(spotter.map_err(|error| error.to_string())?);
        hearer.change_phrases(Some(PhraseSpotter::new(&phrases, &alphabet, decision.hop_s)));
        let names = book.keywords.into_iter().chain(phrases.into_iter().map(|phrase| phrase.name));
        WavlmWords::new(model, hearer, names)
    });
    given_away(opened)
}

/// What C holds from now on; null if there is nothing.
fn given_away(opened: Option<WavlmWords>) -> *mut WavlmWords {
    opened.map_or(ptr::null_mut(), |words| Box::into_raw(Box::new(words)))
}

impl WavlmWords {
    /// Hears these words in a sound that has not begun.
    fn new(
        model: WordModel,
        hearer: Hearer,
        names: impl IntoIterator<Item = String>,
    ) -> Result<Self, String> {
        let keywords = names.into_iter().map(CString::new).collect::<Result<_, _>>();
        let keywords = keywords.map_err(|error| error.to_string())?;
        Ok(WavlmWords { model, hearer, keywords, waiting: VecDeque::new(), finished: false, broken: false })
    }
}

/// The keyword of a number, counted from 0; NULL behind the last one. The text stays until the words are closed.
///
/// # Safety
/// `words` is NULL, or comes from `wavlm_words_open` and is not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_keyword(words: *const WavlmWords, number: usize) -> *const c_char {
    // SAFETY: null gives `None`; else the caller vouches that it is open.
    let words = unsafe { words.as_ref() };
    words.and_then(|words| words.keywords.get(number)).map_or(ptr::null(), |keyword| keyword.as_ptr())
}

/// Takes the next samples, 16 kHz, mono, full scale ±1, in pieces of any size, and hears what they complete: this is where
/// the time is spent. Sound of another rate must be resampled before.
///
/// Returns how many events wait, or -1 on an error.
///
/// # Safety
/// `words` is NULL, or comes from `wavlm_words_open`, is not closed, and is used by no other thread meanwhile. `samples`
/// points to `count` floats, or is NULL if that is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_push(
    words: *mut WavlmWords,
    samples: *const f32,
    count: usize,
) -> c_int {
    // SAFETY: null gives `None`; else the caller vouches that it is open and his alone.
    let words = unsafe { words.as_mut() };
    // SAFETY: the caller keeps the samples while this runs.
    let samples = unsafe { memory::floats(samples, count) };
    with(words, |words| {
        if words.finished {
            return Err("the sound is over; open the model anew for the next one".to_owned());
        }
        words.hearer.push(samples?);
        Ok(())
    })
}

/// The sound is over: hears its end. Nothing can be pushed afterwards.
///
/// Returns how many events wait, or -1 on an error.
///
/// # Safety
/// As of `wavlm_words_push`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_finish(words: *mut WavlmWords) -> c_int {
    // SAFETY: null gives `None`; else the caller vouches that it is open and his alone.
    with(unsafe { words.as_mut() }, |words| {
        if !words.finished {
            words.finished = true;
            words.hearer.finish();
        }
        Ok(())
    })
}

/// Takes out the next event. Returns 1 if there was one, 0 if none waits, -1 on an error.
///
/// # Safety
/// `words` as of `wavlm_words_push`; `event` is NULL or points to room for an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_poll(words: *mut WavlmWords, event: *mut WavlmEvent) -> c_int {
    // SAFETY: null gives `None`; else the caller vouches that it is open and his alone.
    let words = unsafe { words.as_mut() };
    let taken = guarded(|| {
        let words = words.ok_or("the words are a null pointer")?;
        if event.is_null() {
            return Err("there is no room for an event: a null pointer".to_owned());
        }
        let Some(heard) = words.waiting.pop_front() else { return Ok(None) };
        let keyword = words.keywords.iter().find(|keyword| keyword.to_bytes() == heard.keyword.as_bytes());
        let keyword = keyword.map_or(ptr::null(), |keyword| keyword.as_ptr());
        Ok(Some(WavlmEvent { keyword, score: heard.score, start_s: heard.start_s, end_s: heard.end_s }))
    });
    match taken {
        Some(Some(heard)) => {
            // SAFETY: it is not null, and the caller vouches for the room.
            unsafe { event.write(heard) };
            1
        }
        Some(None) => 0,
        None => -1,
    }
}

/// Closes the words. NULL is fine.
///
/// # Safety
/// `words` is NULL, or comes from `wavlm_words_open`; neither it nor texts of it may be used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wavlm_words_close(words: *mut WavlmWords) {
    if words.is_null() {
        return;
    }
    guarded(|| {
        // SAFETY: it is a box that `wavlm_words_open` gave away, and the caller gives it back.
        drop(unsafe { Box::from_raw(words) });
        Ok(())
    });
}

/// Changes the words, and hears what is due; how many events wait.
fn with(words: Option<&mut WavlmWords>, change: impl FnOnce(&mut WavlmWords) -> Result<(), String>) -> c_int {
    let waiting = guarded(|| {
        let words = words.ok_or("the words are a null pointer")?;
        if words.broken {
            return Err("an earlier call failed in the middle; close these words".to_owned());
        }
        words.broken = true;
        let heard = change(words)
            .and_then(|()| words.hearer.hear(&mut &mut words.model).map_err(|error| error.to_string()));
        words.broken = false;
        words.waiting.extend(heard?);
        Ok(words.waiting.len())
    });
    waiting.map_or(-1, |count| c_int::try_from(count).unwrap_or(c_int::MAX))
}
