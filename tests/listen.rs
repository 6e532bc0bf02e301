//! `wavlm listen` as a service runs it: from a file, from a pipe, and from a microphone that ALSA makes of a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use wavlm_tests::{Background, Program, Room, repository};

/// Longer than a missing microphone is left alone, and than anything takes here.
const PATIENCE: Duration = Duration::from_secs(60);

fn sample(name: &str) -> PathBuf {
    repository().join("models/samples").join(name)
}

/// Keyword, score, start and end of each event.
fn events(stdout: &str) -> Vec<Vec<Value>> {
    let parse = |line: &str| -> Value { serde_json::from_str(line).expect("a JSON object per line") };
    let fields = ["keyword", "score", "start_s", "end_s"];
    stdout.lines().map(parse).map(|event| fields.map(|field| event[field].clone()).to_vec()).collect()
}

/// Writes a configuration, and returns its path.
fn configuration(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("listen.toml");
    fs::write(&file, text).expect("a file");
    file
}

#[test]
fn a_file_and_a_pipe_give_what_spot_gives() {
    for (name, at_once) in
        ["commands-a.wav", "sentence-a.wav"].into_iter().flat_map(|name| [(name, true), (name, false)])
    {
        let file = sample(name);
        let way = format!("--at-once={at_once}");
        let spotted = Program::new("wavlm").args(["spot", "--json", &way]).args([&file]).run();
        let expected = events(&spotted.stdout);
        let listen = || Program::new("wavlm").args(["listen", "--json"]);
        for extra in [&[][..], &["--no-gate"]] {
            // At once is what `listen` does unless told otherwise.
            let way = if at_once { &[][..] } else { std::slice::from_ref(&way) };
            let heard = listen().args(way).args(extra).arg_pair("--file", &file).run();
            assert_eq!(events(&heard.stdout), expected, "{name} {extra:?}: {}", heard.stderr);
            assert_eq!(heard.status, Some(i32::from(expected.is_empty())));
        }
        let bytes = fs::read(&file).expect("the sample");
        let piped = listen().args([&way, "--file", "-"]).piped(&bytes);
        assert_eq!(events(&piped.stdout), expected, "{name}: {}", piped.stderr);
    }
}

#[test]
fn a_word_runs_its_program_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let command = |word: &str| {
        format!(
            "[[action]]\nwords = [\"{word}\"]\ncommand = [\"/bin/sh\", \"-c\", \"echo $WAVLM_KEYWORD >> {}\"]\n",
            told.display()
        )
    };
    let config = configuration(folder.path(), &(command("stop") + &command("right")));
    let finished = Program::new("wavlm")
        .args(["listen", "--json"])
        .arg_pair("--config", &config)
        .arg_pair("--file", &sample("commands-a.wav"))
        .run();
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(&told).expect("it ran"), "stop\n");
}

#[test]
fn a_word_for_one_voice_runs_nothing_for_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, told) = (folder.path().join("voices"), folder.path().join("told"));
    let listen = |config: &Path| {
        Program::new("wavlm")
            .args(["listen", "--json"])
            .arg_pair("--config", config)
            .arg_pair("--file", &sample("commands-a.wav"))
            .run()
    };
    let config = format!(
        "[voices]\nstore = \"{}\"\n[[action]]\nonly = [\"bea\"]\ncommand = [\"/usr/bin/touch\", \"{}\"]\n",
        store.display(),
        told.display()
    );
    let config = configuration(folder.path(), &config);
    listen(&config).refused(&["bea", "not enrolled", "wavlm enroll"]);

    let enrolled = Program::new("wavlm")
        .args(["enroll", "bea"])
        .args([sample("speaker-b-1.wav")])
        .arg_pair("--store", &store)
        .run();
    assert_eq!(enrolled.status, Some(0), "{}", enrolled.stderr);
    let finished = listen(&config);
    let events: Vec<Value> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!events.is_empty(), "{}", finished.stderr);
    for event in events {
        assert!(event["speaker"].is_null() && event["speaker_score"].is_number(), "{event}");
    }
    assert!(!told.exists());
}

#[test]
fn a_word_is_compared_with_the_voice_that_was_enrolled_saying_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("voices");
    let enroll = |options: &[&str], file: &str| {
        let program = Program::new("wavlm").args(["enroll", "bea"]).args(options).args([sample(file)]);
        let enrolled = program.arg_pair("--store", &store).run();
        assert_eq!(enrolled.status, Some(0), "{}", enrolled.stderr);
    };
    let config = configuration(folder.path(), &format!("[voices]\nstore = \"{}\"\n", store.display()));
    let heard = || {
        let listen = Program::new("wavlm").args(["listen", "--json"]).arg_pair("--config", &config);
        let finished = listen.arg_pair("--file", &sample("stop-b.wav")).run();
        let [event] = &finished.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{finished:?}") };
        serde_json::from_str::<Value>(event).expect("JSON")
    };
    // Enrolled with another person's voice, she is not known but by the word.
    enroll(&[], "speaker-a-1.wav");
    assert!(heard()["speaker"].is_null(), "{}", heard());
    enroll(&["--phrase", "stop"], "stop-b.wav");
    let event = heard();
    assert_eq!(event["speaker"], "bea");
    assert!(event["speaker_score"].as_f64().is_some_and(|score| score > 0.999), "{event}");
}

#[test]
fn words_are_kept_where_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    let finished = Program::new("wavlm")
        .args(["listen", "--json"])
        .arg_pair("--record", &kept)
        .arg_pair("--file", &sample("stop-b.wav"))
        .run();
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let files: Vec<PathBuf> =
        fs::read_dir(&kept).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    assert!(file.to_string_lossy().contains("-heard-stop-"), "{}", file.display());
    let heard = Program::new("wavlm").args(["spot", "--json"]).args([file]).run();
    assert_eq!(events(&heard.stdout)[0][0], "stop", "{}", heard.stderr);
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_listening() {
    let folder = tempfile::tempdir().expect("a folder");
    let finished = Program::new("wavlm")
        .args(["listen", "--json", "--record", "/dev/full/kept"])
        .arg_pair("--file", &sample("stop-b.wav"))
        .run();
    finished.refused(&["/dev/full/kept"]);
    // There when the program starts, and away when there is something to keep.
    let kept = folder.path().join("kept");
    let mut listening = Program::new("wavlm")
        .args(["listen", "--json", "--file", "-"])
        .arg_pair("--record", &kept)
        .start_with_input();
    while !kept.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_dir(&kept).expect("removed");
    listening.send(&fs::read(sample("stop-b.wav")).expect("the sample"));
    assert!(listening.next_error(PATIENCE).expect("a line").contains("nothing more is recorded"));
    assert_eq!(events(&listening.next_line(PATIENCE).expect("an event"))[0][0], "stop");
}

#[test]
fn one_word_may_have_a_threshold_of_its_own() {
    let spot = |threshold: &str| {
        let file = sample("commands-a.wav");
        let found =
            Program::new("wavlm").args(["spot", "--json", "--threshold", threshold]).args([file]).run();
        events(&found.stdout).into_iter().map(|event| event[0].clone()).collect::<Vec<Value>>()
    };
    let (all, fewer) = (spot("0.5"), spot("stop=1"));
    assert!(all.contains(&Value::from("stop")) && all.len() > 1, "{all:?}");
    assert!(!fewer.contains(&Value::from("stop")) && !fewer.is_empty(), "{fewer:?}");
    let refused = |options: &[&str]| {
        Program::new("wavlm").arg_pair("spot", &sample("stop-b.wav")).args(options.iter()).run()
    };
    refused(&["--threshold", "sesame=0.5"]).refused(&["sesame", "heard are"]);
    refused(&["--trigger", "0"]).refused(&["trigger_windows"]);
}

#[test]
fn configurations_that_cannot_be_followed_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let listen = |text: &str| {
        let config = configuration(folder.path(), text);
        Program::new("wavlm").args(["listen", "--file", "-"]).arg_pair("--config", &config).run()
    };
    listen("[sound]\nmicrophone = \"hw:1\"").refused(&["listen.toml", "line 2", "microphone"]);
    listen("[[action]]\ncommand = [\"logger\"]").refused(&["listen.toml", "full path"]);
    listen("[[action]]\nwords = [\"open sesame\"]\ncommand = [\"/bin/true\"]")
        .refused(&["open sesame", "yes"]);
    listen("[[action]]\nwords = [\"_silence_\"]\ncommand = [\"/bin/true\"]").refused(&["_silence_"]);
    listen("[words]\nthreshold = 1.5").refused(&["threshold"]);
    let missing = folder.path().join("missing.toml");
    let finished = Program::new("wavlm").args(["listen", "--file", "-"]).arg_pair("--config", &missing).run();
    finished.refused(&["missing.toml"]);
}

/// `wavlm listen` in the room.
fn listening(room: &Room) -> Background {
    room.program().args(["listen", "--json", "--device", "room"]).start()
}

#[test]
fn a_microphone_is_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(room) = Room::new(folder.path(), "stop-b.wav", 0.0) else { return };
    room.plug_in("");
    let line = listening(&room).next_line(PATIENCE).expect("an event");
    assert_eq!(events(&line)[0][0], "stop");
}

#[test]
fn a_microphone_that_is_plugged_in_later_is_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(room) = Room::new(folder.path(), "stop-b.wav", 0.0) else { return };
    let listening = listening(&room);
    assert_eq!(listening.next_line(Duration::from_secs(2)), None);
    room.plug_in("");
    let line = listening.next_line(PATIENCE).expect("an event");
    assert_eq!(events(&line)[0][0], "stop");
}

#[test]
fn a_silent_microphone_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(room) = Room::new(folder.path(), "stop-b.wav", 0.0) else { return };
    room.plug_in("pcm.nothing { type null }\n");
    let finished = room.program().args(["devices", "--json", "--test", "nothing"]).run();
    assert_eq!(finished.status, Some(1), "{}", finished.stderr);
    assert!(finished.stdout.contains("channel 1 is silent"), "{}", finished.stdout);
}
