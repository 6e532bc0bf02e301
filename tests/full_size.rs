//! A full-size model: random wavlm-base with the x-vector head, from checkpoint to embeddings.

use std::path::Path;

use serde_json::Value;
use wavlm_export::work;
use wavlm_known_boards::Board;
use wavlm_runtime::Model;
use wavlm_tests::{Program, repository};

/// Cosine to the f32 evaluation of the checkpoint: the project's bar.
const COSINE: f32 = 0.999;
/// Bytes of the int8 file of 100.5 million parameters.
const FILE_BYTES: u64 = 104_000_000;
/// Peak memory of one second of audio.
const PEAK_BYTES: u64 = 200_000_000;

fn done(finished: &wavlm_tests::Finished) {
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
}

#[test]
fn random_base_xvector() {
    if std::env::var_os("WAVLM_TEST_RUNNER").is_some() {
        println!("not under emulation: 7 billion products a second of audio take minutes there");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (checkpoint, file) = (folder.path().join("base"), folder.path().join("base.wlm"));
    done(&Program::new("wavlm-export").args(synth_args(&checkpoint)).run());
    let calibration = repository().join("models/samples/sentence-a.wav");
    let audio = folder.path().join("audio");
    std::fs::create_dir(&audio).expect("a folder for the audio");
    std::fs::copy(calibration, audio.join("sentence.wav")).expect("a copy of the sample");
    let convert =
        Program::new("wavlm-export").args(["convert"]).args([&checkpoint]).args(["-o"]).args([&file]);
    done(&convert.args(["--calibrate"]).args([&audio]).run());

    let model = Model::open(&file).expect("the model");
    let report = model.header().report.clone().expect("a report");
    for name in ["embeddings", "logits", "last_hidden_state"] {
        let line = report.tensors.iter().find(|line| line.tensor == name).expect("a line for the output");
        assert!(line.cosine >= COSINE, "{name}: cosine {}", line.cosine);
        println!("{name}: cosine {}, largest error {}", line.cosine, line.max_abs);
    }

    modelled_times_are_those_of_the_counted_instructions(&model);

    let bench =
        Program::new("wavlm").args(["bench", "--seconds", "1", "--threads", "1", "--json", "--model"]);
    let finished = bench.args([&file]).run();
    done(&finished);
    let figures: Value = serde_json::from_str(finished.stdout.trim()).expect("one JSON object");
    println!("{figures}");
    assert!(figures["file_bytes"].as_u64().expect("bytes") <= FILE_BYTES, "{figures}");
    assert!(figures["peak_rss_bytes"].as_u64().expect("bytes") <= PEAK_BYTES, "{figures}");
}

/// What the exporter tells in advance, from the model's sizes alone, beside what `just bench-arm` models of the instructions
/// that this very model was counted to execute.
fn modelled_times_are_those_of_the_counted_instructions(model: &Model) {
    let results = repository().join("tests/bench/ARM-RESULTS.md");
    let results = std::fs::read_to_string(results).expect("the results of bench-arm");
    let (_, table) = results.split_once("## One second of sound on one core").expect("a table of boards");
    let (table, _) = table.split_once("## One second of listening").expect("the end of the table");
    let work = work::of_one_second(model.header());
    let mut compared = 0;
    for line in table.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some(board) = Board::all().find(|board| board.name.starts_with(cells[0]) && !cells[0].is_empty())
        else {
            continue;
        };
        let counted: f64 = cells.last().and_then(|cell| cell.parse().ok()).expect("milliseconds");
        let told = 1e3 * board.seconds(work).expect("a core that is modelled");
        println!("{}: {told:.0} ms, of counted instructions {counted} ms", board.name);
        assert!((told / counted - 1.0).abs() < 0.1, "{}: {told} and {counted} ms", board.name);
        compared += 1;
    }
    assert!(compared >= 5, "{compared} boards compared");
}

fn synth_args(checkpoint: &Path) -> Vec<String> {
    let words = ["synth", "--config", "base", "--head", "xvector", "--seed", "1", "-o"];
    words.iter().map(|word| (*word).to_owned()).chain([checkpoint.display().to_string()]).collect()
}
