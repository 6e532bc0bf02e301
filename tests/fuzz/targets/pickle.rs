//! libFuzzer over [`wavlm_fuzz::pickle`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::pickle(bytes);
});
