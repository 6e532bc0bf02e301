//! Keywords in a sound: `cargo run --release -p wavlm-runtime --example spot -- MODEL.wlm SOUND.wav`

use std::error::Error;
use std::path::Path;

use wavlm_runtime::frontend::{AudioReader, SoundOptions};
use wavlm_runtime::tasks::words::WordModel;
use wavlm_runtime::{Model, SessionOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, sound] = arguments.as_slice() else {
        return Err("usage: spot MODEL.wlm SOUND.wav".into());
    };
    let mut model = WordModel::new(&Model::open(Path::new(model))?, &SessionOptions::default())?;
    let decision = model.decision();
    let sound = AudioReader::open(Path::new(sound), &SoundOptions::default())?;
    let mut listening = model.listen(sound, &decision)?;
    while let Some(heard) = listening.next_piece()? {
        for word in heard.detections {
            println!("{} {:.2} {:.2} {:.2}", word.keyword, word.score, word.start_s, word.end_s);
        }
    }
    Ok(())
}
