//! A program in C, compiled with every warning an error, hears what `wavlm` hears, and is told of its mistakes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use wavlm_phrasebook::{Entry, put};
use wavlm_runtime::Model;
use wavlm_runtime::tasks::phrases::Alphabet;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What looks for mistakes of memory while the program runs.
#[derive(Clone, Copy, PartialEq)]
enum Watch {
    Sanitizers,
    Valgrind,
}

/// The example as a program, linked with the static library beside this test.
fn compiled(folder: &TempDir, source: &Path, watch: Watch) -> PathBuf {
    let emulated = env::var_os("WAVLM_TEST_RUNNER").is_some();
    let compiler = env::var("WAVLM_TEST_CC")
        .unwrap_or_else(|_| if emulated { "aarch64-linux-gnu-gcc".to_owned() } else { "cc".to_owned() });
    let program = folder.path().join("program");
    let library = env::current_exe().expect("this test").with_file_name("libwavlm.a");
    let mut command = Command::new(compiler);
    command.args([
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-O1",
        "-D_POSIX_C_SOURCE=200809L",
    ]);
    command.arg("-I").arg(env!("CARGO_MANIFEST_DIR")).arg(source).arg(library);
    command.args(match watch {
        // Emulators may lack the target's shared libraries, and run no sanitizer.
        _ if emulated => &["-static"][..],
        Watch::Sanitizers => &["-g", "-fsanitize=address,undefined"],
        Watch::Valgrind => &["-g"],
    });
    command.args(["-lm", "-lpthread", "-ldl", "-o"]).arg(&program);
    let output = command.output().expect("a C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn run(program: &Path, arguments: &[&Path]) -> Output {
    let mut command = match env::var("WAVLM_TEST_RUNNER") {
        Ok(runner) => {
            let mut words = runner.split_whitespace();
            let mut command = Command::new(words.next().expect("a runner"));
            command.args(words).arg(program);
            command
        }
        Err(_) => Command::new(program),
    };
    command.args(arguments).output().expect("the program")
}

/// The samples of a bundled recording, without its header.
fn raw(folder: &TempDir, name: &str) -> PathBuf {
    let sound = fs::read(repository().join("models/samples").join(name)).expect("the sample");
    let file = folder.path().join(name).with_extension("raw");
    fs::write(&file, sound.get(44..).expect("samples behind the header")).expect("a file");
    file
}

#[test]
fn the_example_hears_words_and_compares_voices() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = compiled(
        &folder,
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/listen.c"),
        Watch::Sanitizers,
    );
    let model = repository().join("models/default.wlm");
    let sounds = ["stop-b.wav", "speaker-a-1.wav", "speaker-a-2.wav"].map(|name| raw(&folder, name));
    let [stop, one, other] = sounds.each_ref().map(PathBuf::as_path);
    let done = run(&program, &[&model, stop, one, other]);
    let (told, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{errors}");
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        matches!(lines[..], [word, likeness] if word.starts_with("stop ") && likeness.starts_with("likeness ")),
        "{told}"
    );
    let missing = folder.path().join("missing.wlm");
    let refused = run(&program, &[&missing, stop]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("missing.wlm"));
}

#[test]
fn the_example_hears_the_phrases_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/listen.c");
    let program = compiled(&folder, &source, Watch::Sanitizers);
    let model = repository().join("models/default.wlm");
    let alphabet = Alphabet::of(&Model::open(&model).expect("the model")).expect("phones");
    let entry = Entry {
        text: "bring the paper".to_owned(),
        phones: vec!["B R IH NG DH AH P EY P ER".to_owned()],
        threshold: 0.5,
        false_alarms_per_hour: None,
        only: Vec::new(),
    };
    let hear = |entry: &Entry, sound: &str| {
        let (text, _) = put("keywords = [\"stop\"]\n", entry, &alphabet).expect("a file of words");
        let book = folder.path().join("words.toml");
        fs::write(&book, text).expect("a file");
        let done = run(&program, &[&model, &raw(&folder, sound), &book]);
        format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
    };
    assert!(hear(&entry, "sentence-a.wav").starts_with("bring the paper 0."));
    assert!(hear(&entry, "stop-b.wav").starts_with("stop "));
    let owned = Entry { only: vec!["anna".to_owned()], ..entry };
    assert!(hear(&owned, "sentence-a.wav").contains("only for \"anna\""), "nobody else may say it");
}

#[test]
fn mistakes_are_told_and_nothing_breaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let program =
        compiled(&folder, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes.c"), Watch::Sanitizers);
    let done = run(&program, &[&repository().join("models/default.wlm")]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Valgrind sees what the sanitizers do not: values that were never written, also in the library's own code.
#[test]
fn valgrind_finds_nothing() {
    if env::var_os("WAVLM_TEST_RUNNER").is_some() {
        return; // the sanitizers do not run under emulation either
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("NOT RUN: valgrind is missing");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/listen.c");
    let program = compiled(&folder, &source, Watch::Valgrind);
    let watched = Command::new("valgrind")
        .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"])
        .arg(program)
        .arg(repository().join("models/default.wlm"))
        .args(["stop-b.wav", "speaker-a-1.wav", "speaker-a-2.wav"].map(|name| raw(&folder, name)))
        .output()
        .expect("valgrind");
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
}
