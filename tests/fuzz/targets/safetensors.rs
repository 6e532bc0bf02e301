//! libFuzzer over [`wavlm_fuzz::safetensors`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::safetensors(bytes);
});
