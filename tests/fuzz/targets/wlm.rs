//! libFuzzer over [`wavlm_fuzz::wlm`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::wlm(bytes);
});
