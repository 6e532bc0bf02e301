//! The programs as a user runs them, with the model built into `wavlm` and the samples beside it.

use std::fs;
use std::path::PathBuf;

use safetensors::SafeTensors;
use serde_json::Value;
use wavlm_tests::{Program, repository};

fn sample(name: &str) -> PathBuf {
    repository().join("models/samples").join(name)
}

fn objects(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON object per line")).collect()
}

/// File and keywords of each row of `expected.csv`.
fn expected() -> Vec<(String, Vec<String>)> {
    let table = fs::read_to_string(sample("expected.csv")).expect("the list of samples");
    let rows = table.lines().skip(1).map(|line| {
        let mut fields = line.splitn(3, ',');
        let (file, keywords) = (fields.next().expect("a file"), fields.next().expect("keywords"));
        (file.to_owned(), keywords.split_whitespace().map(str::to_owned).collect())
    });
    rows.collect()
}

#[test]
fn spot_hears_the_keywords_of_the_samples_and_no_others() {
    for (file, keywords) in expected() {
        let finished = Program::new("wavlm").args(["spot", "--json"]).args([sample(&file)]).run();
        let found = objects(&finished.stdout);
        let heard: Vec<&str> =
            found.iter().map(|event| event["keyword"].as_str().expect("a keyword")).collect();
        assert_eq!(heard, keywords, "{file}: {}", finished.stderr);
        assert_eq!(finished.status, Some(i32::from(keywords.is_empty())), "{file}");
        for event in found {
            let (start, end) =
                (event["start_s"].as_f64().expect("start"), event["end_s"].as_f64().expect("end"));
            assert!(start < end && start >= 0.0, "{file}: {event}");
        }
    }
}

#[test]
fn spot_reads_standard_input() {
    let from_file = Program::new("wavlm").args(["spot", "--json"]).args([sample("commands-a.wav")]).run();
    let from_pipe =
        Program::new("wavlm").args(["spot", "--json", "-"]).input(&sample("commands-a.wav")).run();
    let decisions = |stdout: &str| {
        let found = objects(stdout);
        found
            .iter()
            .map(|e| (e["keyword"].clone(), e["start_s"].clone(), e["score"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(from_pipe.status, Some(0), "{}", from_pipe.stderr);
    assert_eq!(decisions(&from_pipe.stdout), decisions(&from_file.stdout));
}

#[test]
fn a_voice_is_enrolled_verified_and_identified() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |command: &[&str], file: &str| {
        let program = Program::new("wavlm").args(command).args([sample(file)]);
        program.args(["--json", "--store"]).args([folder.path()]).run()
    };
    let enrolled = run(&["enroll", "anna"], "speaker-a-1.wav");
    assert_eq!(enrolled.status, Some(0), "{}", enrolled.stderr);

    let same = run(&["verify", "anna"], "speaker-a-2.wav");
    assert_eq!(same.status, Some(0), "{} {}", same.stdout, same.stderr);
    let other = run(&["verify", "anna"], "speaker-b-2.wav");
    assert_eq!(other.status, Some(1), "{} {}", other.stdout, other.stderr);
    let (same, other) = (&objects(&same.stdout)[0], &objects(&other.stdout)[0]);
    assert!(
        same["accepted"].as_bool().expect("a decision") && !other["accepted"].as_bool().expect("a decision")
    );
    assert!(same["score"].as_f64() > other["score"].as_f64(), "{same} {other}");

    let known = run(&["identify"], "speaker-a-2.wav");
    assert_eq!(known.status, Some(0), "{}", known.stderr);
    assert_eq!(objects(&known.stdout)[0]["name"], "anna");
    assert_eq!(run(&["identify"], "speaker-b-2.wav").status, Some(1));
    run(&["verify", "nobody"], "speaker-a-2.wav").refused(&["nobody"]);
}

#[test]
fn recordings_of_two_persons_are_not_enrolled_as_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let enroll = |files: &[&str]| {
        let files = files.iter().map(|file| sample(file));
        Program::new("wavlm").args(["enroll", "anna", "--store"]).args([folder.path()]).args(files).run()
    };
    let others = enroll(&["speaker-a-1.wav", "speaker-b-1.wav"]);
    others.refused(&["speaker-a-1.wav and", "speaker-b-1.wav:", "do not sound like one person"]);
    let odd = enroll(&["speaker-a-1.wav", "speaker-b-1.wav", "speaker-a-2.wav"]);
    odd.refused(&["speaker-b-1.wav and the others:", "do not sound like one person"]);
    assert_eq!(fs::read_dir(folder.path()).expect("the store").count(), 0, "nothing is kept");
    assert_eq!(enroll(&["speaker-a-1.wav", "speaker-a-2.wav"]).status, Some(0));
}

#[test]
fn several_short_recordings_are_as_good_as_a_long_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sound = fs::read(sample("speaker-a-1.wav")).expect("a sample");
    let pieces: Vec<PathBuf> = (0..3).map(|piece| folder.path().join(format!("piece-{piece}"))).collect();
    for (piece, samples) in pieces.iter().zip(sound[44..].chunks(30_000)) {
        fs::write(piece, samples).expect("written");
    }
    let store = folder.path().join("store");
    let enroll = |pieces: &[PathBuf]| {
        let program = Program::new("wavlm").args(["enroll", "anna", "--raw", "rate=16000"]).args(pieces);
        program.arg_pair("--store", &store).run()
    };
    enroll(&pieces[..1]).refused(&["piece-0", "s of speech; record at least 1.0 s"]);
    let enrolled = enroll(&pieces);
    assert_eq!(enrolled.status, Some(0), "{}", enrolled.stderr);
}

#[test]
fn a_voice_is_enrolled_with_a_phrase_beside_what_is_known_of_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |command: &[&str]| {
        let (file, rest) = command.split_first().expect("a file");
        let program = Program::new("wavlm").args(rest).args([sample(file)]);
        program.args(["--json", "--store"]).args([folder.path()]).run()
    };
    let done = |command: &[&str]| {
        let finished = run(command);
        assert_eq!(finished.status, Some(0), "{command:?} {}{}", finished.stdout, finished.stderr);
        objects(&finished.stdout).remove(0)
    };
    run(&["stop-b.wav", "enroll", "bea"]).refused(&["stop-b.wav", "0.4 s of speech"]);
    let enrolled = done(&["stop-b.wav", "enroll", "bea", "--phrase", "stop"]);
    assert_eq!((enrolled["phrase"].as_str(), enrolled["replaced"].as_bool()), (Some("stop"), Some(false)));
    let same = done(&["stop-b.wav", "verify", "bea", "--phrase", "stop"]);
    assert!(same["score"].as_f64().is_some_and(|score| score > 0.999), "{same}");
    run(&["go-c.wav", "verify", "bea", "--phrase", "go"]).refused(&["bea", "\"go\"", "--phrase"]);
    let nameless = run(&["stop-b.wav", "enroll", "bea", "--phrase", ""]);
    assert!(nameless.status == Some(2) && nameless.stderr.contains("--phrase"), "{}", nameless.stderr);

    // Enrolled anew the voice is another one, and what it says stays.
    let anew = done(&["speaker-b-1.wav", "enroll", "bea"]);
    assert_eq!((&anew["phrase"], anew["replaced"].as_bool()), (&Value::Null, Some(true)));
    done(&["speaker-b-2.wav", "verify", "bea"]);
    let again = done(&["stop-b.wav", "verify", "bea", "--phrase", "stop"]);
    assert_eq!(again["score"], same["score"]);
    assert!(again["threshold"].as_f64() > done(&["speaker-b-2.wav", "verify", "bea"])["threshold"].as_f64());
    assert_eq!(run(&["speaker-a-2.wav", "identify"]).status, Some(1));
}

#[test]
fn transcribe_prints_the_phones_of_the_samples() {
    for (file, phones) in [("stop-b.wav", "S T AA P"), ("left-b.wav", "L EH F T"), ("yes-a.wav", "Y EH S")] {
        for decoding in [&["transcribe"][..], &["transcribe", "--beam", "8"]] {
            let finished = Program::new("wavlm").args(decoding).args([sample(file)]).run();
            assert_eq!(finished.stdout.trim_end(), phones, "{file}: {}", finished.stderr);
        }
    }
    let silence = Program::new("wavlm").args(["transcribe", "-"]).piped(&[0; 32_000]);
    assert_eq!((silence.status, silence.stdout.as_str()), (Some(1), "\n"), "{}", silence.stderr);
}

#[test]
fn a_word_that_is_all_of_its_recording_is_heard() {
    let bytes = fs::read(sample("stop-b.wav")).expect("the sample");
    let samples: Vec<[u8; 2]> = bytes.get(44..).expect("samples behind the header").as_chunks().0.to_vec();
    let loud = |sample: &[u8; 2]| i16::from_le_bytes(*sample).unsigned_abs() > 800;
    let (first, last) = (samples.iter().position(loud), samples.iter().rposition(loud));
    let word = samples[first.expect("a word")..=last.expect("its end")].concat();
    let finished = Program::new("wavlm").args(["spot", "--json", "-"]).piped(&word);
    let [heard] = &objects(&finished.stdout)[..] else { panic!("{finished:?}") };
    assert_eq!(heard["keyword"], "stop");
    let length_s = word.len() as f64 / 32_000.0;
    assert!(heard["end_s"].as_f64().is_some_and(|end| end <= length_s + 0.011), "{heard}: {length_s} s");
}

/// Longer than what is computed in one piece: words are neither lost nor doubled where chunks meet.
#[test]
fn transcribe_takes_sound_of_any_length() {
    let commands = fs::read(sample("commands-a.wav")).expect("the sample");
    let once = commands.get(44..).expect("samples behind the header");
    let finished = Program::new("wavlm").args(["transcribe", "--json", "-"]).piped(&once.repeat(8));
    let [said] = &objects(&finished.stdout)[..] else { panic!("{}", finished.stderr) };
    let text = said["text"].as_str().expect("text");
    assert_eq!(text, ["AH P S T AA P G OW L EH F T"; 8].join(" "));
    let words = said["words"].as_array().expect("words");
    let times: Vec<f64> = words.iter().map(|word| word["start_s"].as_f64().expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let length_s = 8.0 * once.len() as f64 / 32_000.0;
    assert!(times.last().is_some_and(|&last| last > length_s - 2.0), "{times:?}");
}

#[test]
fn infer_writes_tensors_under_their_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out.safetensors");
    let program =
        Program::new("wavlm").args(["infer", "--hidden-states", "--attentions", "--output"]).args([&out]);
    let finished = program.args([sample("yes-a.wav")]).run();
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let bytes = fs::read(&out).expect("the tensors");
    let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let names = tensors.names();
    for name in [
        "last_hidden_state",
        "extract_features",
        "hidden_states.0",
        "attentions.0",
        "words.logits",
        "speaker.embeddings",
    ] {
        assert!(names.contains(&name), "{name} among {names:?}");
    }
    assert_eq!(tensors.tensor("words.logits").expect("logits").shape(), [12]);
}

#[test]
fn bench_and_doctor_say_what_runs() {
    let finished =
        Program::new("wavlm").args(["bench", "--seconds", "0.5", "--threads", "1", "--json"]).run();
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let figures = &objects(&finished.stdout)[0];
    for key in ["median_ms", "min_ms", "peak_rss_bytes", "load_ms", "file_bytes"] {
        assert!(figures[key].as_f64().expect(key) > 0.0, "{figures}");
    }
    let chosen = |kernel: Option<&str>| {
        let mut program = Program::new("wavlm").args(["doctor", "--json"]);
        if let Some(kernel) = kernel {
            program = program.env("WAVLM_KERNEL", kernel);
        }
        let finished = program.run();
        assert_eq!(finished.status, Some(0), "{}", finished.stderr);
        let record = &objects(&finished.stdout)[0];
        assert!(record["cores_used"].as_str().is_some_and(|cores| !cores.is_empty()), "{record}");
        record["kernel"].clone()
    };
    assert_eq!(chosen(None), figures["kernel"]);
    assert_eq!(chosen(Some("reference")), "reference");
}

#[test]
fn the_built_in_model_is_whole_and_agrees_with_its_checkpoint() {
    let model = repository().join("models/default.wlm");
    let finished = Program::new("wavlm-export").args(["inspect", "--verify", "--json"]).args([&model]).run();
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let report =
        wavlm_runtime::Model::open(&model).expect("the model").header().report.clone().expect("a report");
    for name in ["words.logits", "speaker.embeddings", "last_hidden_state"] {
        assert!(report.tensors.iter().any(|line| line.tensor == name), "no line for {name}");
    }
    for line in &report.tensors {
        assert!(line.cosine >= 0.995, "{line:?}");
    }
}
