//! `wavlm-export` as scripts see it: exit status, JSON lines on stdout, one line of error on stderr, nothing left behind.

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail where it stands; clippy knows test functions, not their helpers"
)]

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use wavlm_tests::{Finished, Program, read_tensors, repository};

fn golden(case: &str) -> String {
    repository().join("tests/golden").join(case).display().to_string()
}

fn samples() -> String {
    repository().join("models/samples").display().to_string()
}

fn run(folder: &TempDir, arguments: &[&str]) -> Finished {
    Program::new("wavlm-export").within(folder.path()).args(arguments).run()
}

/// Standard output of a run that must succeed.
fn succeed(folder: &TempDir, arguments: &[&str]) -> String {
    let finished = run(folder, arguments);
    assert_eq!(finished.status, Some(0), "{arguments:?}: {}", finished.stderr);
    finished.stdout
}

/// The error of a run that must fail: one line, and nothing on stdout.
fn fail(folder: &TempDir, arguments: &[&str]) -> String {
    let finished = run(folder, arguments);
    finished.refused(&[]);
    assert!(finished.stdout.is_empty(), "{arguments:?}");
    finished.stderr
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn files(folder: &TempDir) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn convert_inspect_compare() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = golden("cases/ctc-group");
    succeed(&folder, &["convert", &checkpoint, "-o", "m.wlm", "--licence", "MIT"]);
    assert_eq!(files(&folder), ["m.wlm"]);

    let inspected = lines(&succeed(&folder, &["inspect", "m.wlm", "--verify", "--json"]));
    let [line] = inspected.as_slice() else { panic!("{inspected:?}") };
    assert_eq!(line["licence"], "MIT");
    assert_eq!(line["source"], "ctc-group");
    assert_eq!(line["precision"], "Int8");
    assert_eq!(line["verified"], true);
    assert_eq!(line["heads"][0]["name"], "ctc");
    assert_eq!(line["heads"][0]["kind"]["Ctc"]["vocabulary"][5], "E");
    assert!(line["report"]["seconds"].as_f64().unwrap() > 1.0);
    let outputs: Vec<&str> = line["outputs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for output in ["last_hidden_state [output frames, 32]", "attentions.1 [4, frames, frames]"] {
        assert!(outputs.contains(&output), "{output} is not among {outputs:?}");
    }
    let table = succeed(&folder, &["inspect", "m.wlm"]);
    assert!(table.contains("layers.0.attention.qkv.weight") && !table.contains("verified"), "{table}");
    let table = succeed(&folder, &["inspect", "m.wlm", "--verify"]);
    assert!(table.contains("every head can be planned: 8 outputs"), "{table}");

    let compared = succeed(&folder, &["compare", &checkpoint, "m.wlm", "--audio", &samples(), "--json"]);
    let compared = lines(&compared);
    let logits = compared.iter().find(|line| line["tensor"] == "logits").unwrap();
    assert!(logits["cosine"].as_f64().unwrap() > 0.99, "{logits}");
    assert!(logits["max_abs"].is_number() && logits["max_rel"].is_number());
}

#[test]
fn an_f32_file_agrees_within_rounding() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&folder, &["convert", &golden("cases/xvector-stable"), "-o", "m.wlm", "--precision", "f32"]);
    let line = lines(&succeed(&folder, &["inspect", "m.wlm", "--json"])).remove(0);
    for tensor in line["report"]["tensors"].as_array().unwrap() {
        assert!(tensor["max_rel"].as_f64().unwrap() < 1e-4, "{tensor}");
    }
}

#[test]
fn two_heads_share_an_encoder_only_if_it_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let synth = |head, seed, name| {
        succeed(&folder, &["synth", "--config", "tiny", "--head", head, "--seed", seed, "-o", name]);
    };
    synth("classify", "1", "words");
    synth("xvector", "1", "voices");
    synth("xvector", "2", "others");
    succeed(&folder, &["convert", "words=words", "speaker=voices", "-o", "m.wlm"]);
    let line = lines(&succeed(&folder, &["inspect", "m.wlm", "--json"])).remove(0);
    assert_eq!([&line["heads"][0]["name"], &line["heads"][1]["name"]], ["words", "speaker"]);
    let compared = succeed(&folder, &["compare", "voices", "m.wlm", "--audio", &samples(), "--json"]);
    assert!(lines(&compared).iter().any(|line| line["tensor"] == "speaker.embeddings"), "{compared}");

    let error = fail(&folder, &["convert", "words=words", "speaker=others", "-o", "n.wlm"]);
    assert!(error.contains("others differs from the first checkpoint in `stem.0.conv.weight`"), "{error}");
    let error = fail(&folder, &["convert", "words", "words", "-o", "n.wlm"]);
    assert!(error.contains("two heads are called `sequence`"), "{error}");
    let error = fail(&folder, &["compare", &golden("cases/ctc-group"), "m.wlm", "--audio", &samples()]);
    assert!(error.contains("not made from this checkpoint"), "{error}");
    assert_eq!(files(&folder), ["m.wlm", "others", "voices", "words"]);
}

/// Folders of training runs are called so.
#[test]
fn a_path_may_have_an_equals_sign() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&folder, &["synth", "--config", "tiny", "--head", "classify", "-o", "lr=1e-4"]);
    succeed(&folder, &["convert", "lr=1e-4", "-o", "a.wlm"]);
    succeed(&folder, &["convert", "words=lr=1e-4", "-o", "b.wlm"]);
    for (file, name) in [("a.wlm", "sequence"), ("b.wlm", "words")] {
        let line = lines(&succeed(&folder, &["inspect", file, "--json"])).remove(0);
        assert_eq!(line["heads"][0]["name"], name);
    }
}

#[test]
fn recordings_of_a_folder_may_be_of_any_kind() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = golden("cases/sequence-group");
    succeed(&folder, &["convert", &checkpoint, "-o", "m.wlm"]);
    let audio = folder.path().join("audio");
    fs::create_dir(&audio).unwrap();
    fs::write(audio.join("notes.txt"), "no sound").unwrap();
    let compare = ["compare", &checkpoint, "m.wlm", "--audio", "audio"];
    assert!(fail(&folder, &compare).contains("audio: no recordings in this folder"));
    for name in ["word.flac", "word.OGG"] {
        let sound = repository().join("tests/sound").join(name.to_lowercase());
        fs::copy(sound, audio.join(name)).unwrap();
    }
    succeed(&folder, &compare);
    fs::copy(repository().join("tests/sound/short-gsm.wav"), audio.join("short.wav")).unwrap();
    assert!(fail(&folder, &compare).contains("short.wav"));
}

#[test]
fn files_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["convert", "nowhere", "-o", "m.wlm"][..],
        &["inspect", "nowhere"],
        &["compare", "x", "nowhere", "--audio", "."],
        &["eval", "nowhere", "--manifest", "nowhere"],
        &["convert", "x", "-o", "m.wlm", "--calibrate", "nowhere"],
    ] {
        let error = fail(&folder, arguments);
        assert!(error.contains("nowhere") || error.contains("no recordings"), "{error}");
    }
    let error = fail(&folder, &["synth", "--config", "tiny", "--head", "none", "-o", "."]);
    assert!(error.contains("exists already"), "{error}");
}

/// A folder with a file of two heads, `m.wlm`.
fn two_heads() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (head, name) in [("classify", "words"), ("xvector", "speaker")] {
        succeed(&folder, &["synth", "--config", "tiny", "--head", head, "-o", name]);
    }
    succeed(&folder, &["convert", "words=words", "speaker=speaker", "-o", "m.wlm"]);
    folder
}

#[test]
fn a_model_without_ctc_transcribes_nothing() {
    let folder = two_heads();
    let transcribe =
        Program::new("wavlm").args(["transcribe", "--model", "m.wlm", "s.wav"]).within(folder.path());
    fs::copy(repository().join("models/samples/yes-a.wav"), folder.path().join("s.wav")).unwrap();
    transcribe.run().refused(&["m.wlm", "no head named \"phones\"", "CTC"]);
}

#[test]
fn turns_are_the_frames_whose_labels_are_likely() {
    // This small model has a frame for every 160 samples.
    const FRAMES_PER_SECOND: f64 = 100.0;
    let folder = tempfile::tempdir().unwrap();
    succeed(&folder, &["convert", &golden("cases/frame-group"), "-o", "m.wlm"]);
    let sound = repository().join("models/samples/sentence-a.wav");
    let run = |arguments: &[&str]| {
        let program = Program::new("wavlm").within(folder.path()).args(arguments);
        program.args(["--model", "m.wlm"]).args([&sound]).run()
    };
    let inferred = run(&["infer", "--output", "out.safetensors"]);
    assert_eq!(inferred.status, Some(0), "{}", inferred.stderr);
    let logits = read_tensors(&folder.path().join("out.safetensors")).0.remove("logits").unwrap();
    let likely = logits.mapv(|logit| 1.0 / (1.0 + (-logit).exp()) > 0.5);

    let found = run(&["diarize", "--median", "1", "--json"]);
    let (labels, mut told) = (labels_of(&folder), likely.mapv(|_| false));
    for turn in lines(&found.stdout) {
        let frame = |key: &str| (turn[key].as_f64().unwrap() * FRAMES_PER_SECOND).round() as usize;
        let label = labels.iter().position(|label| turn["label"] == *label).unwrap();
        for frame in frame("start_s")..frame("end_s") {
            told[[frame, label]] = true;
        }
    }
    assert_eq!(told, likely);
    assert!(likely.iter().any(|&likely| likely) && likely.iter().any(|&likely| !likely));

    let rttm = run(&["diarize"]).stdout;
    assert!(
        rttm.lines().all(|line| line.starts_with("SPEAKER sentence-a 1 ") && line.split(' ').count() == 10),
        "{rttm}"
    );
    let none = run(&["diarize", "--threshold", "1"]);
    assert_eq!((none.status, none.stdout.as_str()), (Some(1), ""));
    let other = two_heads();
    let refused =
        Program::new("wavlm").within(other.path()).args(["diarize", "--model", "m.wlm"]).args([&sound]).run();
    refused.refused(&["m.wlm", "no head named \"turns\"", "frames"]);
}

/// The texts of the labels of `m.wlm`'s only head.
fn labels_of(folder: &TempDir) -> Vec<String> {
    let inspected = lines(&succeed(folder, &["inspect", "m.wlm", "--json"]));
    let labels = &inspected[0]["heads"][0]["kind"]["Frame"]["labels"];
    serde_json::from_value(labels.clone()).unwrap_or_else(|_| panic!("{inspected:?}"))
}

/// Writes a manifest; `@` stands for the folder of the bundled samples.
fn write_manifest(folder: &TempDir, text: &str) {
    fs::write(folder.path().join("list.csv"), text.replace('@', &samples())).unwrap();
}

#[test]
fn evaluation_reports_every_kind_and_group() {
    let folder = two_heads();
    let f32_file = ["convert", "words=words", "speaker=speaker", "-o", "f.wlm", "--precision", "f32"];
    succeed(&folder, &f32_file);
    write_manifest(
        &folder,
        "file,kind,label,group\n\
         @/yes-a.wav,word,yes,a\n@/no-a.wav,word,no,a\n@/stop-b.wav,word,stop,b\n\
         @/sentence-a.wav,speech,,a\n\
         @/speaker-a-1.wav,speaker,a,all\n@/speaker-a-2.wav,speaker,a,all\n\
         @/speaker-b-1.wav,speaker,b,all\n@/speaker-b-2.wav,speaker,b,all\n",
    );
    let arguments = [
        "eval",
        "m.wlm",
        "--manifest",
        "list.csv",
        "--against",
        "f.wlm",
        "--threshold",
        "0",
        "--threshold",
        "1",
    ];
    let results = lines(&succeed(&folder, &[&arguments[..], &["--json"]].concat()));
    let found: Vec<_> =
        results.iter().map(|line| ["head", "kind", "group"].map(|key| line[key].as_str().unwrap())).collect();
    let expected = [
        ["words", "word", "a"],
        ["words", "word", "b"],
        ["words", "speech", "a"],
        ["speaker", "speaker", "all"],
    ];
    assert_eq!(found, expected);
    assert_eq!(results[0]["clips"], 2);
    assert!(results[0]["changed"].is_number() && results[0]["confusion"]["yes"].is_object());
    let at = |line: usize, list: &str| results[line][list].as_array().unwrap().clone();
    let names: Vec<_> =
        at(0, "spotted").iter().map(|point| point["point"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["cautious", "0", "1"]);
    for (point, least, most) in [(1, 1, 2), (2, 0, 0)] {
        let spotted = &at(0, "spotted")[point];
        let heard = ["heard", "mistaken"].map(|count| spotted[count].as_u64().unwrap()).iter().sum::<u64>();
        assert!(spotted["keywords"] == 2 && (least..=most).contains(&heard), "{spotted}");
        assert!(spotted["changed"].as_u64().is_some_and(|changed| changed <= most), "{spotted}");
    }
    assert!(results[2]["hours"].as_f64().unwrap() > 0.0);
    let (anything, nothing) = (&at(2, "points")[1], &at(2, "points")[2]);
    assert!(anything["false_alarms"].as_u64() > Some(0), "{anything}");
    assert_eq!(
        anything["alarms"].as_array().unwrap().len() as u64,
        anything["false_alarms"].as_u64().unwrap()
    );
    assert_eq!((&nothing["false_alarms"], &nothing["interval"][0]), (&0.into(), &0.0.into()));
    assert!(nothing["interval"][1].as_f64() > Some(0.0));
    assert_eq!(results[3]["speakers"], 2);
    assert!(results[3]["curve"].as_array().unwrap().len() > 1);
    for rate in ["eer", "min_dcf", "fmr", "fnmr", "changed"] {
        assert!((0.0..=1.0).contains(&results[3][rate].as_f64().unwrap()), "{rate}: {}", results[3]);
    }
    let table = succeed(&folder, &arguments);
    assert_eq!(table.lines().count(), 4, "{table}");
}

#[test]
fn bad_manifests_are_refused() {
    let folder = two_heads();
    for (manifest, message) in [
        ("file,kind,label,group\n", "no recordings listed"),
        ("file,label\nx.wav,yes\n", "missing field `kind`"),
        (
            "file,kind,label,group\nx.wav,song,yes,a\n",
            "kinds word, speech, phrase, speaker, cohort, text and turns",
        ),
        ("file,kind,label,group\nx.wav,word,cat,a\n", "line 2: label `cat` is none of the head's: yes, no"),
        ("file,kind,label,group\nx.wav,word,yes,a\n", "x.wav: "),
    ] {
        write_manifest(&folder, manifest);
        let error = fail(&folder, &["eval", "m.wlm", "--manifest", "list.csv"]);
        assert!(error.contains(message), "{manifest:?}: {error}");
    }
}

/// Links stay and what they lead to is written; a pipe gets the bytes of the file.
#[cfg(unix)]
#[test]
fn outputs_follow_links_and_fill_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let checkpoint = golden("cases/base-one-frame");
    std::os::unix::fs::symlink("target.wlm", at("link.wlm")).unwrap();
    succeed(&folder, &["convert", &checkpoint, "-o", "link.wlm"]);
    assert!(fs::symlink_metadata(at("link.wlm")).unwrap().is_symlink());
    succeed(&folder, &["inspect", "target.wlm", "--verify"]);

    let piped = Program::new("wavlm-export")
        .within(folder.path())
        .args(["convert", &checkpoint, "-o", "/dev/stdout"])
        .output_to(&at("piped.wlm"));
    assert_eq!(piped.status, Some(0), "{}", piped.stderr);
    assert_eq!(fs::read(at("piped.wlm")).unwrap(), fs::read(at("target.wlm")).unwrap());

    std::os::unix::fs::symlink("tensors", at("link")).unwrap();
    let sample = repository().join("models/samples/yes-a.wav");
    let infer = Program::new("wavlm").within(folder.path()).args(["infer", "--output", "link"]);
    let infer = infer.args([sample]).run();
    assert_eq!(infer.status, Some(0), "{}", infer.stderr);
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink() && at("tensors").is_file());

    let error = fail(&folder, &["convert", &checkpoint, "-o", "missing/m.wlm"]);
    assert!(error.contains("missing/m.wlm: "), "{error}");
    let error = fail(&folder, &["convert", &checkpoint, "-o", "."]);
    assert!(error.contains("is a folder; name a file"), "{error}");
    assert_eq!(files(&folder), ["link", "link.wlm", "piped.wlm", "target.wlm", "tensors"]);
}

#[test]
fn a_report_is_one_page_that_needs_nothing_else() {
    let folder = two_heads();
    write_manifest(
        &folder,
        "file,kind,label,group\n@/speaker-a-1.wav,speaker,a,<b>&c\n@/speaker-b-1.wav,speaker,b,<b>&c\n",
    );
    let results = succeed(&folder, &["eval", "m.wlm", "--manifest", "list.csv", "--json"]);
    fs::write(folder.path().join("results.jsonl"), results).unwrap();
    succeed(&folder, &["report", "m.wlm", "-o", "report.html", "--results", "results.jsonl"]);
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for part in [
        "<svg",
        "words.logits",
        "layers.0.attention.qkv.weight",
        "&lt;b&gt;&amp;c",
        "eer ",
        "false match rate",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(
        !page.contains("<b>&c") && !page.contains("http"),
        "nothing is fetched, and no text of a file is markup"
    );
    // Every element that is opened is closed.
    for element in ["table", "tr", "td", "svg", "figure", "p", "h2"] {
        let opened =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
    }
    // Results that no evaluation gives are no reason to end.
    let odd = [
        r#"{"kind": "speech", "hours": 0, "points": [{"threshold": 0.5, "false_alarms": 3}]}"#,
        r#"{"kind": "speech", "hours": 1, "points": [{"threshold": 0.9, "false_alarms": -3}, {"threshold": 0.5}]}"#,
        r#"{"spotted": [{"threshold": 0.5, "keywords": 2, "heard": 5}, {"threshold": 0.9, "keywords": 2}]}"#,
        r#"{"curve": [{"fmr": 0, "fnmr": -1}, {"fmr": 1e300, "fnmr": 0}], "group": 7, "points": 3}"#,
    ];
    fs::write(folder.path().join("results.jsonl"), odd.join("\n")).unwrap();
    succeed(&folder, &["report", "m.wlm", "-o", "report.html", "--results", "results.jsonl"]);
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.matches("<polyline").count() == 2 && !page.contains("NaN"), "{page}");
    fs::write(folder.path().join("results.jsonl"), "no JSON\n").unwrap();
    let error = fail(&folder, &["report", "m.wlm", "-o", "report.html", "--results", "results.jsonl"]);
    assert!(error.contains("results.jsonl: line 1"), "{error}");
}
