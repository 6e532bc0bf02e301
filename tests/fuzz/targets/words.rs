//! libFuzzer over [`wavlm_fuzz::words`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::words(bytes);
});
