//! The spotter over a made-up model: a window's logits say how much of its sound is at a keyword's loudness.

use proptest::prelude::*;
use wavlm_format::Decision;

use super::*;

const DECISION: Decision = Decision {
    threshold: 0.6,
    lower_threshold: None,
    text_dependent_threshold: None,
    window_s: 1.0,
    hop_s: 0.25,
    smoothing_windows: 1,
    refractory_s: 1.0,
    confirmation: None,
};

const YES: f32 = 0.5;
const NO: f32 = 0.25;

fn labels() -> Vec<String> {
    ["_silence_", "yes", "no"].map(str::to_owned).to_vec()
}

/// A "yes" is 0.4 s of a tone of height 0.5, a "no" of height 0.25. The model is sure once most of one lies in the
/// window, and hears nothing well where the window holds sound of both.
fn model(window: &[f32]) -> Vec<f32> {
    let share = |height: f32| {
        let near = window.iter().filter(|sample| (sample.abs() - height).abs() < 0.05).count();
        near as f32 / 6400.0
    };
    let (yes, no) = (share(YES), share(NO));
    vec![4.0, 8.0 * (yes - no).min(1.0), 8.0 * (no - yes).min(1.0)]
}

/// Silence with a word of 0.4 s at each of these times, in seconds: a tone without an offset.
fn sound(seconds: f32, words: &[(f32, f32)]) -> Vec<f32> {
    let mut samples = vec![0.0; (seconds * 16_000.0) as usize];
    for &(at, height) in words {
        let start = (at * 16_000.0) as usize;
        let word = samples.iter_mut().skip(start).take(6400).enumerate();
        word.for_each(|(i, sample)| *sample = if i % 2 == 0 { height } else { -height });
    }
    samples
}

/// What is heard in pieces of this length, with the number of samples that had come when each word was told.
fn timed(decision: &Decision, tuning: &Tuning, sound: &[f32], chunk: usize) -> Vec<(Detection, usize)> {
    let mut spotter = KeywordSpotter::tuned(&labels(), decision, tuning).expect("a sound decision");
    let run = |spotter: &mut KeywordSpotter| {
        spotter.run(|window| Ok::<_, ()>(model(window.samples))).expect("the model runs")
    };
    let (mut found, mut received) = (Vec::new(), 0);
    for part in sound.chunks(chunk) {
        received += part.len();
        spotter.push(part);
        found.extend(run(&mut spotter).into_iter().map(|word| (word, received)));
    }
    spotter.finish();
    found.extend(run(&mut spotter).into_iter().map(|word| (word, received)));
    found
}

fn spot(decision: &Decision, sound: &[f32], chunk: usize) -> Vec<Detection> {
    timed(decision, &Tuning::default(), sound, chunk).into_iter().map(|(word, _)| word).collect()
}

fn words(found: &[Detection]) -> Vec<&str> {
    found.iter().map(|found| found.keyword.as_str()).collect()
}

#[test]
fn a_word_is_heard_once_and_in_its_place() {
    let found = spot(&DECISION, &sound(5.0, &[(1.3, YES), (3.4, NO)]), 80_000);
    assert_eq!(words(&found), ["yes", "no"]);
    for (found, start) in found.iter().zip([1.3, 3.4]) {
        assert!(
            (found.start_s - start).abs() < 0.011 && (found.end_s - start - 0.4).abs() < 0.011,
            "{found:?}"
        );
        assert!(found.score > 0.9 && found.score <= 1.0);
    }
}

#[test]
fn two_words_in_one_breath_are_both_heard() {
    for pause in [0.05, 0.1, 0.2, 0.3] {
        let found = spot(&DECISION, &sound(4.0, &[(1.0, YES), (1.4 + pause, NO)]), 1000);
        assert_eq!(words(&found), ["yes", "no"], "{pause} s");
        assert!(found[0].end_s < found[1].start_s + 0.011, "{found:?}");
    }
}

#[test]
fn a_word_that_is_repeated_is_counted() {
    let six: Vec<(f32, f32)> = (0..6_u8).map(|i| (1.0 + 0.5 * f32::from(i), YES)).collect();
    assert_eq!(words(&spot(&DECISION, &sound(6.0, &six), 1000)), ["yes"; 6]);
}

#[test]
fn one_span_is_one_word_however_low_the_threshold() {
    let decision = Decision { threshold: 0.001, ..DECISION };
    let found = spot(&decision, &sound(4.0, &[(1.3, YES)]), 1000);
    let over_the_word = found.iter().filter(|found| found.start_s < 1.6 && found.end_s > 1.4);
    assert_eq!(over_the_word.map(|found| found.keyword.as_str()).collect::<Vec<_>>(), ["yes"]);
}

#[test]
fn an_offset_does_not_move_a_word() {
    let plain = sound(4.0, &[(1.3, YES)]);
    let shifted: Vec<f32> = plain.iter().map(|sample| sample + 0.25).collect();
    let (plain, shifted) = (spot(&DECISION, &plain, 1000), spot(&DECISION, &shifted, 1000));
    assert_eq!(words(&shifted), ["yes"]);
    assert_eq!((plain[0].start_s, plain[0].end_s), (shifted[0].start_s, shifted[0].end_s));
}

#[test]
fn a_word_alone_is_told_within_a_window_of_its_end() {
    let live = [&sound(2.0, &[(1.3, YES)])[..], &vec![0.0; 16_000 * 20]].concat();
    let found = timed(&DECISION, &Tuning::default(), &live, 160);
    assert_eq!(found.len(), 1);
    let end = (1.7 * 16_000.0) as usize;
    assert!(found[0].1 <= end + 16_000 + 4000, "told after {} samples", found[0].1 - end);
}

#[test]
fn behind_a_window_that_is_likely_to_hold_a_word_the_next_one_comes_sooner() {
    let mut spotter = KeywordSpotter::new(&labels(), &DECISION).expect("a sound decision");
    spotter.push(&sound(4.0, &[(1.3, YES)]));
    let mut windows = Vec::new();
    let scored = spotter.run(|window| -> Result<Vec<f32>, ()> {
        let logits = model(window.samples);
        windows.extend(window.place.map(|(start, _)| (start, probabilities(&logits)[1])));
        Ok(logits)
    });
    scored.expect("the model runs");
    let steps = windows.windows(2).map(|pair| (pair[0].1 >= 0.5, pair[1].0 - pair[0].0));
    let (likely, others): (Vec<_>, Vec<_>) = steps.partition(|step| step.0);
    // A hop is 4000 samples; eight frames are nearest to two thirds of it.
    assert!(likely.len() >= 3 && likely.iter().all(|step| step.1 == 2560), "{likely:?}");
    assert!(others.len() >= 8 && others.iter().all(|step| step.1 == 4000), "{others:?}");
}

#[test]
fn at_once_a_word_is_told_within_a_hop_of_its_end_and_once() {
    let at_once = Tuning { at_once: true, ..Tuning::default() };
    for start in [1.0, 1.07, 1.13, 1.2] {
        let found = timed(&DECISION, &at_once, &sound(6.0, &[(start, YES), (start + 1.5, NO)]), 160);
        let told: Vec<&str> = found.iter().map(|(word, _)| word.keyword.as_str()).collect();
        assert_eq!(told, ["yes", "no"], "{start}");
        for (end, (word, received)) in [start + 0.4, start + 1.9].into_iter().zip(&found) {
            let end = (end * 16_000.0) as usize;
            assert!(*received <= end + 4000 + 160, "{}: told after {} samples", word.keyword, received - end);
        }
    }
}

#[test]
fn a_long_row_of_words_is_told_while_it_goes_on() {
    let row: Vec<(f32, f32)> = (0..40_u8).map(|i| (0.5 + 0.5 * f32::from(i), YES)).collect();
    let found = timed(&DECISION, &Tuning::default(), &sound(22.0, &row), 160);
    let first = found.first().map_or(0, |first| first.1);
    assert!(found.len() >= 36, "{} of 40", found.len());
    assert!(first < 8 * 16_000, "the first is told after {first} samples");
}

#[test]
fn a_word_is_heard_as_if_silence_stood_around_it_where_its_sound_is_cut() {
    for smoothing_windows in 1..4 {
        let decision = Decision { smoothing_windows, ..DECISION };
        let amid = spot(&decision, &sound(2.4, &[(1.0, YES)]), 1000);
        assert_eq!(words(&amid), ["yes"]);
        // A first sample that is loud would pass for an offset.
        for (seconds, at) in [(0.401, 0.001), (1.401, 0.001), (1.4, 1.0)] {
            let found = spot(&decision, &sound(seconds, &[(at, YES)]), 1000);
            assert_eq!(words(&found), ["yes"], "of {smoothing_windows} windows, {at} s in {seconds} s");
            assert!((found[0].score - amid[0].score).abs() < 1e-6, "{found:?}");
            assert!((found[0].start_s - f64::from(at)).abs() < 0.011, "{found:?}");
        }
    }
}

#[test]
fn short_sound_and_the_rest_behind_the_last_window_are_scored() {
    assert_eq!(spot(&DECISION, &sound(0.5, &[(0.05, YES)]), 100).len(), 1);
    let found = spot(&DECISION, &sound(2.1, &[(1.7, YES)]), 100);
    assert_eq!(found.len(), 1);
    assert!(found[0].end_s <= 2.1);
}

#[test]
fn labels_with_an_underscore_are_not_reported_and_no_sound_is_no_window() {
    assert!(spot(&DECISION, &sound(4.0, &[]), 1000).is_empty());
    let mut spotter = KeywordSpotter::new(&labels(), &DECISION).expect("a sound decision");
    spotter.finish();
    assert!(spotter.window().is_none());
}

#[test]
fn a_window_stays_due_until_it_is_scored() {
    let mut spotter = KeywordSpotter::new(&labels(), &DECISION).expect("a sound decision");
    spotter.push(&sound(0.25, &[]));
    for _ in 0..2 {
        assert_eq!(spotter.run(|_| Err::<Vec<f32>, _>("broken")), Err("broken"));
    }
    let window = spotter.window().expect("a window");
    assert_eq!((window.samples.len(), window.place.map(|(start, _)| start)), (16_000, Some(-12_000)));
    spotter.score(&[0.0; 3]);
    assert!(spotter.window().is_none());
}

#[test]
fn decisions_that_make_no_sense_are_refused() {
    let refused = KeywordSpotter::new(&labels(), &Decision { hop_s: 2.0, ..DECISION });
    assert_eq!(refused.expect_err("refused").field, "hop_s");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_lengths_of_chunks_do_not_matter(
        starts in prop::collection::vec((0.0..5.0_f32, prop::bool::ANY), 0..8),
        chunk in 1..20_000_usize,
        smoothing_windows in 1..4_u32,
        at_once in prop::bool::ANY,
    ) {
        let decision = Decision { smoothing_windows, threshold: 0.5, ..DECISION };
        let said: Vec<(f32, f32)> =
            starts.iter().map(|&(at, is_yes)| (at, if is_yes { YES } else { NO })).collect();
        let sound = sound(5.77, &said);
        let tuning = Tuning { at_once, ..Tuning::default() };
        let spot = |chunk: usize| -> Vec<Detection> {
            timed(&decision, &tuning, &sound, chunk).into_iter().map(|(word, _)| word).collect()
        };
        prop_assert_eq!(spot(chunk), spot(sound.len()));
    }
}
