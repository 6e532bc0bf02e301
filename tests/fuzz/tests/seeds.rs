//! Good inputs reach every parser and are accepted; they are also what the fuzzers begin with. Inputs that once broke a
//! parser no longer do.

use std::fs;
use std::path::{Path, PathBuf};

use wavlm_tests::{Program, repository};

type Target = fn(&[u8]) -> bool;

const TARGETS: [(&str, Target); 10] = [
    ("archive", wavlm_fuzz::archive),
    ("background", wavlm_fuzz::background),
    ("line", wavlm_fuzz::line),
    ("pickle", wavlm_fuzz::pickle),
    ("safetensors", wavlm_fuzz::safetensors),
    ("sound", wavlm_fuzz::sound),
    ("voiceprint", wavlm_fuzz::voiceprint),
    ("wlm", wavlm_fuzz::wlm),
    ("words", wavlm_fuzz::words),
    ("wyoming", wavlm_fuzz::wyoming),
];

/// Bytes of sound that are enough for a header and a few pieces.
const SOUND: usize = 4000;

fn run(program: &str, arguments: &[&Path]) {
    let finished = Program::new(program).args(arguments).run();
    assert_eq!(finished.status, Some(0), "{program} {arguments:?}: {}", finished.stderr);
}

fn bytes(path: &str) -> Vec<u8> {
    fs::read(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `{"w": _rebuild_tensor_v2(storage "0" of 16 f32, 1, (2,), (1,), False, {})}`
fn a_pickle() -> Vec<u8> {
    [
        b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
            .as_slice(),
        b"X\x01\0\0\x000X\x03\0\0\0cpuK\x10tQK\x01K\x02\x85K\x01\x85\x89}tRs.",
    ]
    .concat()
}

/// A small model, as the exporter writes it.
fn a_model(folder: &Path, precision: &str) -> Vec<u8> {
    let file = folder.join("model.wlm");
    let checkpoint = repository().join("tests/golden/cases/xvector-group");
    run(
        "wavlm-export",
        &[
            "convert".as_ref(),
            &checkpoint,
            "-o".as_ref(),
            &file,
            "--precision".as_ref(),
            precision.as_ref(),
            "--force".as_ref(),
        ],
    );
    fs::read(file).expect("the model")
}

/// The body of a voiceprint, as the program writes it.
fn a_voiceprint(folder: &Path) -> Vec<u8> {
    let store = folder.join("voices");
    let samples = repository().join("models/samples");
    let (one, other) = (samples.join("speaker-a-1.wav"), samples.join("speaker-a-2.wav"));
    let [enroll, ada, phrase, into] = ["enroll", "ada", "--phrase", "--store"].map(Path::new);
    run("wavlm", &[enroll, ada, &one, &other, into, &store]);
    run("wavlm", &[enroll, ada, &other, phrase, Path::new("my brother"), into, &store]);
    let print = fs::read_dir(store).expect("the store").next().expect("a voice").expect("its file");
    let file = fs::read(print.path()).expect("the voiceprint");
    file[14..file.len() - 4].to_vec()
}

/// The body of a background, as the exporter makes it of one recording.
fn a_background(folder: &Path) -> Vec<u8> {
    let (manifest, file) = (folder.join("background.csv"), folder.join("background.bank"));
    let sample = repository().join("models/samples/go-c.wav");
    fs::write(&manifest, format!("file,kind,label,group\n{},speech,,a\n", sample.display())).expect("a file");
    let model = repository().join("models/default.wlm");
    run(
        "wavlm-export",
        &["background".as_ref(), &model, "--manifest".as_ref(), &manifest, "-o".as_ref(), &file],
    );
    let file = fs::read(file).expect("the background");
    file[14..file.len() - 4].to_vec()
}

fn seeds(target: &str, folder: &Path) -> Vec<Vec<u8>> {
    match target {
        // torch's format of today, and that from before release 1.6.
        "archive" => ["cases/ctc-group/pytorch_model.bin", "others/base-stable.authors-old.pt"]
            .map(|file| bytes(&format!("tests/golden/{file}")))
            .to_vec(),
        "background" => vec![a_background(folder)],
        "line" => vec![wavlm_link::Asker::new().say(wavlm_link::Request::Heartbeat).expect("it fits").to_vec()],
        "pickle" => vec![a_pickle()],
        "safetensors" => ["input", "model"]
            .map(|file| bytes(&format!("tests/golden/cases/mask-layer-frame/{file}.safetensors")))
            .to_vec(),
        "sound" => {
            let mut cut = bytes("models/samples/no-a.wav");
            cut.truncate(SOUND);
            vec![cut]
        }
        "voiceprint" => vec![a_voiceprint(folder)],
        "wlm" => ["int8", "int4", "f32"].map(|precision| a_model(folder, precision)).to_vec(),
        "words" => vec![
            b"model = \"1\"\nkeywords = [\"go\"]\n[[phrase]]\ntext = \"a\"\nphones = [\"AH\"]\nthreshold = 0.5\n".to_vec(),
        ],
        "wyoming" => vec![
            b"{\"type\": \"describe\"}\n{\"type\": \"detect\", \"data_length\": 17}\n{\"names\": [\"go\"]}".to_vec(),
            b"{\"type\": \"audio-chunk\", \"data\": {\"rate\": 16000, \"width\": 2, \"channels\": 1}, \"payload_length\": 2}\nab"
                .to_vec(),
        ],
        other => panic!("no seeds for {other}"),
    }
}

#[test]
fn seeds_are_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, target) in TARGETS {
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz-seeds").join(name);
        fs::create_dir_all(&kept).expect("a folder for seeds");
        for (number, seed) in seeds(name, folder.path()).iter().enumerate() {
            assert!(target(seed), "{name}: seed {number} is refused");
            fs::write(kept.join(number.to_string()), seed).expect("room for a seed");
        }
    }
}

#[test]
fn what_once_broke_a_parser_no_longer_does() {
    for (name, target) in TARGETS {
        let found = repository().join("tests/fuzz/found").join(name);
        // Nothing was found for a target without a folder.
        for entry in fs::read_dir(found).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            println!("{}", path.display());
            target(&fs::read(&path).expect("an input"));
        }
    }
}
