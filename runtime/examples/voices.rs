//! How alike two voices sound: `cargo run --release -p wavlm-runtime --example voices -- MODEL.wlm ONE.wav OTHER.wav`

use std::error::Error;
use std::path::Path;

use wavlm_runtime::frontend::read_clip;
use wavlm_runtime::tasks::speaker::SpeakerVerifier;
use wavlm_runtime::{Model, SessionOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, one, other] = arguments.as_slice() else {
        return Err("usage: voices MODEL.wlm ONE.wav OTHER.wav".into());
    };
    let model = Model::open(Path::new(model))?;
    let mut verifier = SpeakerVerifier::new(&model, &SessionOptions::default())?;
    let mut embed = |file: &str| -> Result<_, Box<dyn Error>> {
        verifier.embed(&read_clip(Path::new(file))?)?.ok_or_else(|| format!("{file}: no voice").into())
    };
    println!("cosine {:.3}", embed(one)?.cosine(&embed(other)?));
    Ok(())
}
