//! Counts what a thread allocates, to prove that no length in a file is believed before it is checked.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wavlm_format::*;

use crate::forge::{FIRST, encode, file, head, header, seal};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches thread-local cells alone, which
// have no destructor and so exist as long as the thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps `dealloc`'s contract, and `pointer` came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

/// What `work` returns, and the most bytes it held at one time beyond those held before.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, isize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get() - before)
}

/// Opens a model, and sees to it that this took no more memory than `SPEC.md` promises for its real size.
pub fn open(bytes: Vec<u8>) -> Result<ModelFile, FormatError> {
    let length = bytes.len();
    let (result, peak) = peak_of(|| ModelFile::from_bytes(bytes));
    // The copy to aligned memory, 64 bytes for each of the header, 4 MiB for first guesses of sequences' capacities.
    let bound = length + 64 * length.min(limits::MAX_HEADER as usize) + (4 << 20);
    assert!(peak <= bound as isize, "{peak} bytes for a file of {length}");
    result
}

#[test]
fn counting_counts() {
    let (_, peak) = peak_of(|| vec![0u8; 1 << 20]);
    assert!((1 << 20..1 << 21).contains(&peak), "{peak}");
}

#[test]
fn the_largest_header_of_empty_strings_stays_within_the_bound() {
    let room = limits::MAX_HEADER as usize - encode(&header()).len() - 100;
    let mut stuffed = header();
    stuffed.heads = vec![head("text", HeadKind::Ctc { vocabulary: vec![String::new(); room], blank: 0 })];
    let error = open(seal(&encode(&stuffed), FIRST * 17)).unwrap_err();
    assert!(
        matches!(error, FormatError::Config(ConfigError::Range { max: limits::MAX_LABELS, .. })),
        "{error}"
    );
}

#[test]
fn lengths_beyond_the_header_allocate_nothing() {
    let valid = file();
    let encoded = crate::forge::header_of(&valid);
    for place in 0..encoded.len() {
        // A varint of 2^35 - 1 in place of whatever stood there: somewhere, it is a sequence's or a string's length.
        let mut claimed = encoded[..place].to_vec();
        claimed.extend([0xff, 0xff, 0xff, 0xff, 0x7f]);
        claimed.extend(&encoded[place + 1..]);
        let bytes = seal(&claimed, valid.len());
        let (result, peak) = peak_of(|| ModelFile::from_bytes(bytes));
        drop(result);
        assert!(peak < (valid.len() + (1 << 20)) as isize, "{peak} bytes at {place}");
    }
}

#[test]
fn a_small_header_that_implies_the_most_tensors_costs_no_more_than_another() {
    let layer = TdnnShape { dim: 16, kernel: 1, dilation: 1 };
    let heads = (0..64).map(|i| {
        let kind = HeadKind::XVector { tdnn: vec![layer; 32], embedding: 1, labels: vec![String::new()] };
        Head { weighted_layer_sum: true, ..head(&i.to_string(), kind) }
    });
    let mut large = header();
    large.heads = heads.collect();
    large.encoder.num_layers = 256;
    large.encoder.stem_norm = StemNorm::Layer;
    large.encoder.stem = vec![ConvShape { dim: 1, kernel: 1, stride: 1 }; 32];
    large.encoder.adapter =
        Some(AdapterConfig { output_hidden_size: 1, kernel: 1, stride: 1, num_layers: 32 });
    let most = Schema::new(&large.encoder, &large.heads, true).unwrap();
    assert!(most.tensors().len() <= limits::MAX_TENSORS, "{} tensors", most.tensors().len());
    assert!(most.tensors().iter().all(|spec| spec.name.len() <= limits::MAX_TENSOR_NAME));
    let error = open(seal(&encode(&large), FIRST)).unwrap_err();
    assert!(matches!(error, FormatError::MissingTensor { .. }), "{error}");
}
