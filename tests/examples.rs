//! The examples of the runtime do what their first lines say, with the model and the samples of this repository.

use wavlm_tests::{Finished, Program, repository};

fn run(example: &str, sounds: &[&str]) -> Finished {
    let models = repository().join("models");
    let sounds = sounds.iter().map(|sound| models.join("samples").join(sound));
    Program::new(&format!("examples/{example}")).args([models.join("default.wlm")]).args(sounds).run()
}

/// What an example printed, which must have ended well.
fn printed(example: &str, sounds: &[&str]) -> String {
    let Finished { status, stdout, stderr } = run(example, sounds);
    assert_eq!(status, Some(0), "{example}: {stderr}");
    stdout
}

#[test]
fn keywords_are_spotted() {
    let stdout = printed("spot", &["commands-a.wav"]);
    let words: Vec<&str> = stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(words, ["up", "stop", "go", "left"]);
}

#[test]
fn voices_of_one_speaker_are_more_alike() {
    let cosine = |sounds: [&str; 2]| -> f32 {
        let stdout = printed("voices", &sounds);
        stdout.trim().strip_prefix("cosine ").and_then(|number| number.parse().ok()).expect("a cosine")
    };
    let same = cosine(["speaker-a-1.wav", "speaker-a-2.wav"]);
    let other = cosine(["speaker-a-1.wav", "speaker-b-1.wav"]);
    assert!(same > 0.9 && other < 0.5, "{same} and {other}");
}

#[test]
fn hidden_states_of_all_layers_are_listed() {
    let stdout = printed("hidden_states", &["yes-a.wav"]);
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), 5, "the input of the first layer, and four layers: {stdout}");
    for (layer, line) in lines.iter().enumerate() {
        assert!(
            line.starts_with(&format!("hidden_states.{layer}: ")) && line.contains(" frames of 192"),
            "{line}"
        );
    }
}

#[test]
fn wrong_arguments_are_told() {
    for example in ["spot", "voices", "hidden_states"] {
        let finished = run(example, &[]);
        assert_eq!(finished.status, Some(1), "{example}");
        assert!(finished.stderr.contains("usage: "), "{example}: {}", finished.stderr);
    }
}
