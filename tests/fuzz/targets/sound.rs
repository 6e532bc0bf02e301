//! libFuzzer over [`wavlm_fuzz::sound`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::sound(bytes);
});
