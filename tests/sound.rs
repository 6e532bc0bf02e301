//! Sound of every kind, as a file, through a pipe and through a FIFO, and the options that say what its bytes do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;
use wavlm_tests::{Finished, Program, repository};

/// Bytes before the sound in the samples' headers.
const HEADER: usize = 44;

fn sample(name: &str) -> Vec<u8> {
    fs::read(repository().join("models/samples").join(name)).expect("a sample")
}

/// A mono 16-bit WAV file's samples.
fn samples(wav: &[u8]) -> Vec<i16> {
    wav[HEADER..].as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()
}

/// A WAV file of any format.
fn wav(tag: u16, channels: u16, bits: u16, length: u32, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend((16_000 * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// Keyword, start and score of every event.
fn events(finished: &Finished) -> Vec<(String, Value, Value)> {
    let lines = finished.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines
        .map(|e| (e["keyword"].as_str().unwrap_or("").to_owned(), e["start_s"].clone(), e["score"].clone()))
        .collect()
}

fn spot(options: &[&str]) -> Program {
    Program::new("wavlm").args(["spot", "--json"]).args(options)
}

fn on_file(options: &[&str], name: &str, bytes: &[u8]) -> Finished {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("write");
    spot(options).args([&path]).run()
}

fn on_pipe(options: &[&str], bytes: &[u8]) -> Finished {
    spot(options).args(["-"]).piped(bytes)
}

fn on_fifo(options: &[&str], bytes: &[u8]) -> Finished {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fifo");
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo of the coreutils");
    assert!(made.success(), "mkfifo");
    thread::scope(|scope| {
        scope.spawn(|| {
            // A program that refuses what it reads leaves before it has read everything.
            let _ = fs::write(&path, bytes);
        });
        spot(options).args([&path]).run()
    })
}

fn hears_yes(finished: &Finished, what: &str) {
    let heard: Vec<String> = events(finished).into_iter().map(|event| event.0).collect();
    assert_eq!((finished.status, heard), (Some(0), vec!["yes".to_owned()]), "{what}: {}", finished.stderr);
}

fn compressed() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/sound")).expect("the folder of sounds").flatten();
    let is_word =
        |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("word"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_word).collect();
    paths.sort();
    paths
}

#[test]
fn a_file_a_pipe_and_a_fifo_give_the_same_events() {
    let paths = compressed();
    assert!(paths.len() >= 10, "{paths:?}");
    for path in paths {
        let bytes = fs::read(&path).expect("a sound");
        let from_file = spot(&[]).args([&path]).run();
        hears_yes(&from_file, &path.display().to_string());
        for finished in [on_pipe(&[], &bytes), on_fifo(&[], &bytes)] {
            assert_eq!(events(&finished), events(&from_file), "{}: {}", path.display(), finished.stderr);
        }
    }
}

#[test]
fn samples_of_every_width_say_the_same() {
    let yes = sample("yes-a.wav");
    let values = samples(&yes);
    let of = |encode: fn(f64) -> Vec<u8>| -> Vec<u8> {
        values.iter().flat_map(|&value| encode(f64::from(value) / 32_768.0)).collect()
    };
    for (tag, bits, data) in [
        (1, 8, of(|x| vec![(x * 128.0 + 128.0) as u8])),
        (1, 24, of(|x| ((x * 8_388_608.0) as i32).to_le_bytes()[..3].to_vec())),
        (1, 32, of(|x| ((x * 2_147_483_648.0) as i32).to_le_bytes().to_vec())),
        (3, 32, of(|x| (x as f32).to_le_bytes().to_vec())),
        (3, 64, of(|x| x.to_le_bytes().to_vec())),
    ] {
        let bytes = wav(tag, 1, bits, data.len() as u32, &data);
        hears_yes(&on_file(&[], "yes.wav", &bytes), &format!("{bits} bits"));
    }
}

#[test]
fn lengths_that_are_made_up_are_read_to_the_end() {
    let yes = sample("yes-a.wav");
    for length in [0, 3200, 0x7fff_ffff, 0x7fff_f000, 0x8000_0000, 0xffff_ffff - 36, 0xffff_fffe] {
        let bytes = wav(1, 1, 16, length, &yes[HEADER..]);
        hears_yes(&on_pipe(&[], &bytes), &format!("a pipe that promises {length:#x}"));
        hears_yes(&on_fifo(&[], &bytes), &format!("a FIFO that promises {length:#x}"));
        if length != 3200 {
            hears_yes(&on_file(&[], "yes.wav", &bytes), &format!("a file that promises {length:#x}"));
        }
    }
    let told = on_file(&[], "yes.wav", &wav(1, 1, 16, 0, &yes[HEADER..]));
    assert!(
        told.stderr.contains("yes.wav: warning: its header says that it holds no sound"),
        "{}",
        told.stderr
    );
    let cut = on_file(&[], "yes.wav", &yes[..yes.len() - 1000]);
    cut.refused(&["yes.wav", "cut short: 1000 of 48000 bytes"]);
}

#[test]
fn what_is_no_sound_is_refused_by_name_in_pipes_too() {
    let folder = repository().join("tests/sound");
    for (file, name) in
        [("short.opus", "Opus"), ("short-gsm.wav", "GSM 6.10"), ("short.amr", "AMR"), ("make", "text")]
    {
        let bytes = fs::read(folder.join(file)).expect("a file");
        on_file(&[], file, &bytes).refused(&[file, name]);
        on_pipe(&[], &bytes).refused(&["-: ", name]);
        on_fifo(&[], &bytes).refused(&[name]);
    }
}

#[test]
fn raw_sound_of_any_shape_is_read() {
    let yes = sample("yes-a.wav");
    let values = samples(&yes);
    hears_yes(&on_pipe(&[], &yes[HEADER..]), "as by default");
    let wide: Vec<u8> = values.iter().flat_map(|&value| (i32::from(value) << 16).to_le_bytes()).collect();
    let stereo: Vec<u8> =
        values.iter().flat_map(|&value| [value, value]).flat_map(i16::to_le_bytes).collect();
    let fast: Vec<u8> = values.iter().flat_map(|&value| [value; 3]).flat_map(i16::to_le_bytes).collect();
    for (raw, bytes) in [("format=s32le", wide), ("channels=2", stereo), ("rate=48000", fast)] {
        hears_yes(&on_pipe(&["--raw", raw], &bytes), raw);
        hears_yes(&on_file(&["--raw", raw], "yes.raw", &bytes), raw);
    }
    on_file(&[], "yes.raw", &yes[HEADER..]).refused(&["yes.raw", "--raw"]);
}

#[test]
fn a_channel_can_be_chosen_and_a_mix_that_cancels_is_told() {
    let yes = sample("yes-a.wav");
    let opposed: Vec<u8> =
        samples(&yes).iter().flat_map(|&x| [x, x.saturating_neg()]).flat_map(i16::to_le_bytes).collect();
    let bytes = wav(1, 2, 16, opposed.len() as u32, &opposed);
    let mixed = on_file(&[], "two.wav", &bytes);
    assert!(
        mixed.stderr.contains("two.wav: warning: its channels cancel") && mixed.stderr.contains("--channel"),
        "{}",
        mixed.stderr
    );
    let chosen = on_file(&["--channel", "1"], "two.wav", &bytes);
    hears_yes(&chosen, "channel 1");
    assert_eq!(chosen.stderr, "");
    on_file(&["--channel", "3"], "two.wav", &bytes).refused(&["two.wav", "no channel 3", "1 to 2"]);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path: &Path = &folder.path().join("two.wav");
    fs::write(path, &bytes).expect("write");
    for command in [
        vec!["verify", "nobody"],
        vec!["identify"],
        vec!["enroll", "nobody"],
        vec!["infer", "--output", "/nowhere"],
    ] {
        let program = Program::new("wavlm").args(&command).args(["--channel", "0"]).args([path]);
        let finished = program.run();
        assert_eq!(finished.status, Some(2), "{command:?}");
        assert!(finished.stderr.contains("counted from 1"), "{command:?}: {}", finished.stderr);
    }
}
