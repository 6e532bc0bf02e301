//! The header says what the library does.

use std::fs;
use std::path::Path;

/// With WAVLM_WRITE_HEADER set, the header is written anew.
#[test]
fn the_header_is_that_of_this_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("the configuration");
    let sources = ["src/error.rs", "src/words.rs", "src/voices.rs"];
    let builder = sources.iter().fold(cbindgen::Builder::new().with_config(config), |builder, source| {
        builder.with_src(folder.join(source))
    });
    let mut made = Vec::new();
    builder.generate().expect("a header").write(&mut made);
    let made = String::from_utf8(made).expect("UTF-8");
    let file = folder.join("wavlm.h");
    if std::env::var_os("WAVLM_WRITE_HEADER").is_some() {
        fs::write(&file, &made).expect("the header");
    }
    let kept = fs::read_to_string(&file).expect("the header");
    assert!(kept == made, "wavlm.h is old; run: WAVLM_WRITE_HEADER=1 cargo test -p wavlm-c --test header");
}
