//! libFuzzer over [`wavlm_fuzz::wyoming`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::wyoming(bytes);
});
