//! `wavlm words`, and whoever hears what it writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use wavlm_tests::{Finished, Program, repository};

/// Longer than anything takes here, also where it is emulated.
const PATIENCE: Duration = Duration::from_secs(60);

fn sample(name: &str) -> PathBuf {
    repository().join("models/samples").join(name)
}

/// `wavlm words` with a file in this folder.
fn words(folder: &Path, arguments: &[&str]) -> Finished {
    let program = Program::new("wavlm").args(["words"]).args(arguments).args(["--json", "--file"]);
    program.args([folder.join("words.toml")]).run()
}

/// The same, which must do it; what it prints.
fn done(folder: &Path, arguments: &[&str]) -> Value {
    let finished = words(folder, arguments);
    assert_eq!(finished.status, Some(0), "{arguments:?}: {}", finished.stderr);
    serde_json::from_str(finished.stdout.trim()).expect("an object")
}

/// What `spot` hears in samples: keyword, start and end.
fn spotted(folder: &Path, names: &[&str]) -> Vec<(String, f64, f64)> {
    let book = folder.join("words.toml");
    let files = names.iter().map(|name| sample(name));
    let finished =
        Program::new("wavlm").args(["spot", "--json"]).arg_pair("--words", &book).args(files).run();
    let parse = |line: &str| -> Value { serde_json::from_str(line).expect("an object") };
    let event = |event: Value| {
        let number = |name: &str| event[name].as_f64().expect("a number");
        (event["keyword"].as_str().expect("a name").to_owned(), number("start_s"), number("end_s"))
    };
    let events: Vec<_> = finished.stdout.lines().map(parse).map(event).collect();
    assert_eq!(finished.status, Some(i32::from(events.is_empty())), "{}", finished.stderr);
    events
}

#[test]
fn a_typed_phrase_is_heard_where_it_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let added = done(folder.path(), &["add", "bring the paper"]);
    assert_eq!(added["phones"][0], "B R IH NG DH AH P EY P ER");
    done(folder.path(), &["add", "my brother is a teacher", "--false-alarms", "0.2/h"]);
    let [(name, start, end)] = &spotted(folder.path(), &["sentence-a.wav"])[..] else { panic!("one event") };
    assert_eq!(name, "bring the paper");
    assert!(*start > 0.2 && *start < 0.6 && end - start > 0.4 && end - start < 1.5, "{start} to {end}");
    let found = spotted(folder.path(), &["speaker-a-1.wav", "speaker-a-2.wav", "commands-a.wav"]);
    let names: Vec<&str> = found.iter().map(|event| event.0.as_str()).collect();
    assert_eq!(names, ["my brother is a teacher"], "no other word of the model's is listened for");
}

#[test]
fn keywords_of_the_model_are_heard_that_the_file_names() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("words.toml"), "keywords = [\"stop\"]\n").expect("a file");
    let names: Vec<String> =
        spotted(folder.path(), &["commands-a.wav"]).into_iter().map(|event| event.0).collect();
    assert_eq!(names, ["stop"]);
}

#[test]
fn say_tells_what_to_expect() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = done(folder.path(), &["say", "open the garage"]);
    let points = said["points"].as_array().expect("points");
    let thresholds: Vec<f64> =
        points.iter().map(|point| point["threshold"].as_f64().expect("a number")).collect();
    assert!(
        thresholds.is_sorted_by(|a, b| a > b) && thresholds.iter().all(|x| (0.05..0.95).contains(x)),
        "{said}"
    );
    assert!(said["warning"].is_null() && points[1]["heard"].as_f64().expect("a share") > 0.5, "{said}");
    let short = done(folder.path(), &["say", "no"]);
    assert!(short["warning"].as_str().expect("a warning").contains("hardly work"), "{short}");
    let typed = done(folder.path(), &["say", "jeeves", "--phones", "dʒiːvz"]);
    assert_eq!(typed["phones"][0], "JH IY V Z");
    assert!(!folder.path().join("words.toml").exists(), "nothing is added");
}

#[test]
fn a_phrase_is_learnt_from_recordings_that_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = ["speaker-a-1.wav", "speaker-b-1.wav"].map(|name| sample(name).display().to_string());
    let [a, b] = &recordings;
    done(folder.path(), &["learn", "weather", a, b]);
    let names = spotted(folder.path(), &["speaker-a-1.wav", "speaker-b-1.wav", "speaker-a-2.wav"]);
    assert_eq!(names.len(), 2, "{names:?}");
    let other = sample("speaker-a-2.wav").display().to_string();
    words(folder.path(), &["learn", "weather", a, b, &other]).refused(&["speaker-a-2.wav", "others"]);
    let silence = folder.path().join("silence.raw");
    fs::write(&silence, [0; 32_000]).expect("a file");
    words(folder.path(), &["learn", "weather", a, &silence.display().to_string(), "--raw", "rate=16000"])
        .refused(&["wav"]);
}

#[test]
fn a_name_that_is_what_was_said_is_a_way_to_say_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = ["speaker-a-1.wav", "speaker-b-1.wav"].map(|name| sample(name).display().to_string());
    let [a, b] = &recordings;
    let sentence = "the weather in the mountains was cold and clear this morning";
    let ways = |printed: &Value| printed["phones"].as_array().expect("ways").clone();
    let spelled = ways(&done(folder.path(), &["say", sentence]));
    let learnt = ways(&done(folder.path(), &["learn", sentence, a, b]));
    assert!(learnt.len() > 2 && learnt[2..].iter().all(|way| spelled.contains(way)), "{learnt:?}");
    // What is only a part of it is not, and neither is anything else.
    for name in ["weather", "my brother is a teacher at the small school near the river"] {
        assert_eq!(ways(&done(folder.path(), &["learn", name, a, b])).len(), 2, "{name}");
    }
}

#[test]
fn the_file_keeps_what_a_person_wrote() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("words.toml");
    fs::write(&book, "# The kitchen's words.\nkeywords = [\"stop\"] # always\n").expect("a file");
    done(folder.path(), &["add", "kitchen table"]);
    done(folder.path(), &["add", "kitchen table", "--false-alarms", "1/h", "--only", "anna"]);
    let text = fs::read_to_string(&book).expect("the file");
    assert!(text.starts_with("# The kitchen's words.\nkeywords = [\"stop\"] # always\n"), "{text}");
    assert_eq!(text.matches("[[phrase]]").count(), 1, "{text}");
    let listed = done(folder.path(), &["list"]);
    assert_eq!((&listed["phrase"], &listed["only"][0]), (&"kitchen table".into(), &"anna".into()));
    assert_eq!(words(folder.path(), &["remove", "kitchen chair"]).status, Some(1));
    assert_eq!(words(folder.path(), &["remove", "kitchen table"]).status, Some(0));
    assert_eq!(words(folder.path(), &["list"]).status, Some(1), "it is empty now");
}

#[test]
fn more_background_changes_the_thresholds() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = done(folder.path(), &["add", "kitchen table"]);
    // Whoever says it again and again where it should not be heard makes it hard to be heard.
    let sentence = sample("sentence-a.wav").display().to_string();
    let files = vec![sentence.as_str(); 20];
    let grown = done(folder.path(), &[&["background"], &files[..]].concat());
    assert_eq!(grown["phrases"], 1);
    let after = done(folder.path(), &["list"]);
    assert!(after["threshold"].as_f64() > before["threshold"].as_f64(), "{before} {after}");
    fs::write(folder.path().join("words.bank"), "noise").expect("a file");
    words(folder.path(), &["add", "kitchen table"]).refused(&["words.bank", "background"]);
}

#[test]
fn a_phrase_is_for_the_voices_that_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("words.toml");
    done(folder.path(), &["add", "my brother is a teacher", "--only", "bert"]);
    let data = folder.path().join("data");
    let spot = |sound: &str| {
        let program =
            Program::new("wavlm").env("XDG_DATA_HOME", &data).args(["spot"]).arg_pair("--words", &book);
        program.args([sample(sound)]).run()
    };
    spot("speaker-a-2.wav").refused(&["bert", "enroll"]);
    let enrolled = Program::new("wavlm").env("XDG_DATA_HOME", &data).args(["enroll", "bert"]);
    let enrolled = enrolled.args([sample("speaker-b-1.wav"), sample("speaker-b-2.wav")]).run();
    assert_eq!(enrolled.status, Some(0), "{}", enrolled.stderr);
    let others = spot("speaker-a-2.wav");
    assert_eq!(others.status, Some(1), "{}{}", others.stdout, others.stderr);
}

#[test]
fn what_cannot_be_listened_for_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    words(folder.path(), &["add", "route 66"]).refused(&["route 66", "numbers as words"]);
    words(folder.path(), &["add", "x", "--phones", "HH QQ"]).refused(&["QQ", "ARPAbet"]);
    let rate = words(folder.path(), &["add", "x", "--false-alarms", "none"]);
    assert!(rate.status == Some(2) && rate.stderr.contains("0.5/h"), "{}", rate.stderr);
    let book = folder.path().join("words.toml");
    let spot =
        || Program::new("wavlm").args(["spot"]).arg_pair("--words", &book).args([sample("yes-a.wav")]).run();
    spot().refused(&["words.toml", "No such file"]);
    let entry = "[[phrase]]\ntext = \"a\"\nphones = [\"AH\"]\nthreshold = 0.5\n";
    for (text, told) in [
        (format!("model = \"00000000\"\n{entry}"), "another model"),
        (entry.to_owned(), "whose thresholds"),
        ("keywords = [\"banana\"]\n".to_owned(), "banana"),
        ("phrase = 3\n".to_owned(), "line 1"),
    ] {
        fs::write(&book, text).expect("a file");
        spot().refused(&[told]);
    }
    // A file that is not understood stays as it is.
    words(folder.path(), &["add", "kitchen table"]).refused(&["words.toml", "line 1"]);
    assert_eq!(fs::read_to_string(&book).expect("the file"), "phrase = 3\n");
}

#[test]
fn a_change_is_taken_over_while_sound_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("words.toml");
    done(folder.path(), &["add", "bring the paper"]);
    let mut listening =
        Program::new("wavlm").args(["listen", "--file", "-"]).arg_pair("--words", &book).start_with_input();
    let mut sound = fs::read(sample("sentence-a.wav")).expect("the sample");
    // A header that says how much sound there is would end it.
    sound.drain(..44);
    sound.extend([0; 32_000]);
    listening.send_some(&sound);
    let line = listening.next_line(PATIENCE).expect("an event");
    assert!(line.contains("bring the paper"), "{line}");
    assert_eq!(words(folder.path(), &["remove", "bring the paper"]).status, Some(0));
    done(folder.path(), &["add", "kitchen table", "--false-alarms", "5/h"]);
    // Longer than a file's time of writing may be coarse.
    std::thread::sleep(Duration::from_millis(50));
    listening.send_some(&vec![0; 32_000]);
    listening.send_some(&sound);
    let line = listening.next_line(PATIENCE).expect("an event");
    assert!(line.contains("kitchen table"), "{line}");
}

#[test]
fn thresholds_of_another_model_are_chosen_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("words.toml");
    let garage = "[[phrase]]\ntext = \"open the garage\"\nphones = [\"OW P AH N DH AH G ER AA ZH\"]\n";
    let text = format!(
        "model = \"00000000\"\n{garage}threshold = 0.999\nfalse_alarms_per_hour = 1.0\nonly = [\"ada\"]\n"
    );
    fs::write(&book, &text).expect("a file");
    let finished = words(folder.path(), &["add", "bring the paper"]);
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("chosen anew for this one: open the garage"), "{}", finished.stderr);
    let text = fs::read_to_string(&book).expect("the file");
    assert!(
        !text.contains("0.999") && text.contains("only = [\"ada\"]") && !text.contains("00000000"),
        "{text}"
    );
    let listed = words(folder.path(), &["list"]);
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);

    // A phone that this model does not know cannot be kept; the file stays as it was.
    let foreign = format!("model = \"00000000\"\n{}threshold = 0.5\n", garage.replace("OW P", "XX P"));
    fs::write(&book, &foreign).expect("a file");
    words(folder.path(), &["add", "bring the paper"]).refused(&["words.toml", "open the garage", "XX"]);
    assert_eq!(fs::read_to_string(&book).expect("the file"), foreign);
}
