//! libFuzzer over [`wavlm_fuzz::line`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::line(bytes);
});
