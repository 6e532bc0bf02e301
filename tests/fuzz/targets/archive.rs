//! libFuzzer over [`wavlm_fuzz::archive`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::archive(bytes);
});
