//! Bad input gives one line and exit status 2, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use wavlm_tests::{Finished, Program, repository};

/// A folder with one file in it.
fn folder_with(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("write");
    (folder, path)
}

/// A 16-bit WAV file.
fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav_of(1, rate, channels, 16, &data)
}

fn wav_of(format: u16, rate: u32, channels: u16, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend(format.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// A second of something that is not silence.
fn tone(samples: usize) -> Vec<i16> {
    (0..samples).map(|i| ((i as f32 * 0.2).sin() * 8000.0 * (i as f32 * 0.0007).sin()) as i16).collect()
}

fn on_file(command: &str, path: &Path) -> Finished {
    let output = path.with_file_name("out.safetensors");
    let program = Program::new("wavlm");
    match command {
        "infer" => program.args(["infer", "--output"]).args([&output]).args([path]).run(),
        "enroll" => program
            .args(["enroll", "someone"])
            .args([path])
            .args(["--store"])
            .args([path.with_file_name("store")])
            .run(),
        _ => program.args([command]).args([path]).run(),
    }
}

#[test]
fn audio_that_is_none() {
    let samples = tone(16_000);
    let whole = wav(16_000, 1, &samples);
    let nan: Vec<u8> = (0..16_000).flat_map(|i| if i == 77 { f32::NAN } else { 0.1 }.to_le_bytes()).collect();
    let bad: [(&str, Vec<u8>); 5] = [
        ("empty.wav", wav(16_000, 1, &[])),
        ("short.wav", wav(16_000, 1, &samples[..399])),
        ("nan.wav", wav_of(3, 16_000, 1, 32, &nan)),
        ("truncated.wav", whole[..whole.len() / 2].to_vec()),
        ("text.wav", b"this is not audio\n".to_vec()),
    ];
    for (name, bytes) in &bad {
        for command in ["spot", "infer", "enroll"] {
            let (folder, path) = folder_with(name, bytes);
            on_file(command, &path).refused(&[name]);
            let left: Vec<_> =
                fs::read_dir(folder.path()).expect("read").flatten().map(|e| e.file_name()).collect();
            assert_eq!(left, [*name], "{command} {name}");
        }
    }
}

#[test]
fn silence_is_heard_as_nothing_and_enrols_nobody() {
    let (folder, path) = folder_with("silence.wav", &wav(16_000, 1, &vec![0; 48_000]));
    assert_eq!(on_file("spot", &path).status, Some(1));
    assert_eq!(on_file("infer", &path).status, Some(0));
    on_file("enroll", &path).refused(&["silence.wav"]);
    assert!(!folder.path().join("store/someone.voice").exists());
}

#[test]
fn other_rates_and_channels_are_converted() {
    let stereo: Vec<i16> = tone(16_000).into_iter().flat_map(|sample| [sample, sample]).collect();
    let (_folder, path) = folder_with("stereo.wav", &wav(8_000, 2, &stereo));
    assert_eq!(on_file("infer", &path).status, Some(0), "{:?}", on_file("infer", &path));
}

#[test]
fn damaged_models() {
    let model = fs::read(repository().join("models/default.wlm")).expect("the default model");
    let mut flipped = model.clone();
    flipped[200] ^= 4;
    let (_wav_folder, audio) = folder_with("tone.wav", &wav(16_000, 1, &tone(16_000)));
    for (name, bytes) in
        [("cut.wlm", &model[..model.len() / 2]), ("cut-early.wlm", &model[..50]), ("flipped.wlm", &flipped)]
    {
        let (_folder, path) = folder_with(name, bytes);
        Program::new("wavlm").args(["spot", "--model"]).args([&path]).args([&audio]).run().refused(&[name]);
        Program::new("wavlm-export").args(["inspect"]).args([&path]).run().refused(&[name]);
    }
    let mut weights = model;
    let last = weights.len() - 400;
    weights[last] ^= 1;
    let (_folder, path) = folder_with("weights.wlm", &weights);
    Program::new("wavlm-export").args(["inspect", "--verify"]).args([&path]).run().refused(&["weights.wlm"]);
}

/// The checkpoints of `tests/golden/bad`, each with the message of the index. The file that stood there stays.
#[test]
fn hostile_checkpoints() {
    let bad = repository().join("tests/golden/bad");
    let index = fs::read(bad.join("index.json")).expect("the index of bad checkpoints");
    let rows: Vec<Value> = serde_json::from_slice(&index).expect("rows");
    assert!(rows.len() >= 7, "{} bad checkpoints", rows.len());
    for row in &rows {
        let [case, refusal] = ["name", "refusal"].map(|key| row[key].as_str().expect("text"));
        let (folder, out) = folder_with("out.wlm", b"old");
        let program = Program::new("wavlm-export").within(folder.path());
        program
            .args(["convert"])
            .args([bad.join(case)])
            .args(["-o", "out.wlm"])
            .run()
            .refused(&[case, refusal]);
        assert_eq!(fs::read(out).expect("the old file"), b"old", "{case}");
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 1, "{case} leaves something behind");
        assert!(!folder.path().join("wavlm-edge-pwned").exists(), "the pickle was executed");
    }
}

#[test]
fn unknown_kernels_and_cores_and_missing_files() {
    let (_folder, audio) = folder_with("tone.wav", &wav(16_000, 1, &tone(16_000)));
    let program = Program::new("wavlm").env("WAVLM_KERNEL", "sse9").args(["spot"]).args([&audio]);
    program.run().refused(&["sse9", "reference"]);
    let program = Program::new("wavlm").env("WAVLM_CORES", "4-7").args(["spot"]).args([&audio]);
    program.run().refused(&["WAVLM_CORES", "4-7", "taskset"]);
    Program::new("wavlm").args(["spot", "/nowhere/a.wav"]).run().refused(&["/nowhere/a.wav"]);
    Program::new("wavlm-export").args(["inspect", "/nowhere/m.wlm"]).run().refused(&["/nowhere/m.wlm"]);
}
