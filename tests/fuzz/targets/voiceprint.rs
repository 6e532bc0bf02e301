//! libFuzzer over [`wavlm_fuzz::voiceprint`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wavlm_fuzz::voiceprint(bytes);
});
