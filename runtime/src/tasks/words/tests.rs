//! The spotter over a made-up model: a window's logits say how much of its sound is at a keyword's level.

use super::*;

const DECISION: Decision =
    Decision { threshold: 0.6, window_s: 1.0, hop_s: 0.25, smoothing_windows: 1, refractory_s: 1.0 };

fn labels() -> Vec<String> {
    ["_silence_", "yes", "no"].map(str::to_owned).to_vec()
}

/// A "yes" is 0.4 s of samples at 0.5, a "no" at 0.25; the model is sure once all of it lies in the window.
fn model(window: &[f32]) -> Result<Vec<f32>, ()> {
    let share = |level: f32| window.iter().filter(|&&sample| sample == level).count() as f32 / 6400.0;
    Ok(vec![4.0, 8.0 * share(0.5), 8.0 * share(0.25)])
}

/// Silence with a word of 0.4 s at each of these times, in seconds.
fn sound(seconds: f32, words: &[(f32, f32)]) -> Vec<f32> {
    let mut samples = vec![0.0; (seconds * 16_000.0) as usize];
    for &(at, level) in words {
        let start = (at * 16_000.0) as usize;
        samples[start..start + 6400].fill(level);
    }
    samples
}

fn spot(decision: &Decision, sound: &[f32], chunk: usize) -> Vec<Detection> {
    let mut spotter = KeywordSpotter::new(&labels(), decision, model).expect("a sound decision");
    let mut found = Vec::new();
    for part in sound.chunks(chunk) {
        found.extend(spotter.push(part).expect("the model runs"));
    }
    found.extend(spotter.finish().expect("the model runs"));
    found
}

#[test]
fn a_word_is_heard_once_and_in_its_place() {
    let found = spot(&DECISION, &sound(5.0, &[(1.3, 0.5), (3.4, 0.25)]), 80_000);
    let words: Vec<(&str, f64, f64)> =
        found.iter().map(|found| (found.keyword.as_str(), found.start_s, found.end_s)).collect();
    assert_eq!(words, [("yes", 1.3, 1.7), ("no", 3.4, 3.8)]);
    assert!(found.iter().all(|found| found.score > 0.9 && found.score <= 1.0));
}

#[test]
fn the_lengths_of_chunks_do_not_matter() {
    let decision = Decision { smoothing_windows: 3, threshold: 0.5, ..DECISION };
    let sound = sound(6.13, &[(0.1, 0.5), (1.33, 0.25), (3.0, 0.5), (5.7, 0.25)]);
    let whole = spot(&decision, &sound, sound.len());
    assert_eq!(whole.len(), 4);
    for chunk in [1, 160, 1000, 16_001] {
        assert_eq!(spot(&decision, &sound, chunk), whole, "chunks of {chunk}");
    }
}

#[test]
fn short_sound_and_the_rest_behind_the_last_window_are_scored() {
    assert_eq!(spot(&DECISION, &sound(0.5, &[(0.05, 0.5)]), 100).len(), 1);
    let found = spot(&DECISION, &sound(2.1, &[(1.7, 0.5)]), 100);
    assert_eq!(found.len(), 1);
    assert!(found[0].end_s <= 2.1);
}

#[test]
fn labels_with_an_underscore_are_not_reported_and_no_sound_is_no_window() {
    assert!(spot(&DECISION, &sound(4.0, &[]), 1000).is_empty());
    let mut windows = 0;
    let spotter = KeywordSpotter::new(&labels(), &DECISION, |_: &[f32]| {
        windows += 1;
        Ok::<_, ()>(vec![0.0; 3])
    });
    assert!(spotter.expect("a sound decision").finish().expect("no window").is_empty());
    assert_eq!(windows, 0);
}

#[test]
fn memory_does_not_grow() {
    let mut spotter = KeywordSpotter::new(&labels(), &DECISION, model).expect("a sound decision");
    for _ in 0..50 {
        spotter.push(&[0.1; 12_345]).expect("the model runs");
        assert_eq!(spotter.samples.capacity(), 16_000);
    }
}

#[test]
fn the_models_failure_is_passed_on() {
    let mut spotter =
        KeywordSpotter::new(&labels(), &DECISION, |_: &[f32]| Err::<Vec<f32>, _>("broken")).expect("ok");
    assert_eq!(spotter.push(&[0.0; 16_000]), Err("broken"));
}

#[test]
fn decisions_that_make_no_sense_are_refused() {
    let refused = |decision: Decision| match KeywordSpotter::new(&labels(), &decision, model) {
        Ok(_) => panic!("accepted {decision:?}"),
        Err(error) => error.field,
    };
    assert_eq!(refused(Decision { threshold: f32::NAN, ..DECISION }), "threshold");
    assert_eq!(refused(Decision { window_s: 0.0, ..DECISION }), "window_s");
    assert_eq!(refused(Decision { window_s: f32::INFINITY, ..DECISION }), "window_s");
    assert_eq!(refused(Decision { hop_s: 2.0, ..DECISION }), "hop_s");
    assert_eq!(refused(Decision { smoothing_windows: 0, ..DECISION }), "smoothing_windows");
    assert_eq!(refused(Decision { refractory_s: -1.0, ..DECISION }), "refractory_s");
}
