//! Hidden states as arrays: `cargo run --release -p wavlm-runtime --example hidden_states -- MODEL.wlm SOUND.wav`

use std::error::Error;
use std::path::Path;

use wavlm_runtime::frontend::read_clip;
use wavlm_runtime::ndarray::{Axis, Ix2};
use wavlm_runtime::{Model, SessionOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, sound] = arguments.as_slice() else {
        return Err("usage: hidden_states MODEL.wlm SOUND.wav".into());
    };
    let options =
        SessionOptions { hidden_states: true, heads: Some(Vec::new()), ..SessionOptions::default() };
    let mut session = Model::open(Path::new(model))?.session(&options)?;
    let outputs = session.run(&read_clip(Path::new(sound))?)?;
    for (name, states) in outputs.iter().filter(|(name, _)| name.starts_with("hidden_states.")) {
        let states = states.view().into_dimensionality::<Ix2>()?; // frames of 20 ms, hidden_size numbers each
        let loudest = states.map_axis(Axis(1), |frame| frame.dot(&frame)).into_iter().fold(0.0, f32::max);
        println!(
            "{name}: {} frames of {}, longest vector {:.2}",
            states.nrows(),
            states.ncols(),
            loudest.sqrt()
        );
    }
    Ok(())
}
