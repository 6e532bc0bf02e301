//! libFuzzer over [`wavlm_fuzz::background`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::background(bytes);
});
