//! What must not change a result: threads, earlier runs, the batch an utterance stands in, frames that windows share.
//! (How sound is cut into pieces is the business of the keyword spotter, and tested there.)

use ndarray::Array2;
use wavlm_format::Precision;
use wavlm_runtime::{Outputs, SessionOptions, SharedFrames};
use wavlm_tests::{Case, cases, model_of, tables};

fn bits(outputs: &Outputs) -> Vec<(String, Vec<u32>)> {
    outputs
        .iter()
        .map(|(name, tensor)| (name.to_owned(), tensor.iter().map(|x| x.to_bits()).collect()))
        .collect()
}

fn chosen() -> Vec<Case> {
    let names = ["base-group", "base-stable", "xvector-group", "sequence-group", "ctc-distance-800"];
    cases().into_iter().filter(|case| names.contains(&case.name.as_str())).collect()
}

#[test]
fn threads_do_not_change_a_bit() {
    for case in chosen() {
        for precision in [Precision::F32, Precision::Int8] {
            let model = model_of(&case.folder, precision);
            for kernels in tables() {
                let run = |threads| {
                    let options =
                        SessionOptions { base: true, threads, kernels, ..SessionOptions::default() };
                    let mut session = model.session(&options).expect("a session");
                    bits(&session.run(case.waveforms.row(0).as_slice().expect("one row")).expect("outputs"))
                };
                let alone = run(1);
                for threads in [2, 3, 5] {
                    assert_eq!(run(threads), alone, "{} {} {threads} threads", case.name, kernels.name());
                }
            }
        }
    }
}

#[test]
fn a_session_forgets_what_it_heard() {
    for case in chosen() {
        let model = model_of(&case.folder, Precision::Int8);
        let mut session =
            model.session(&SessionOptions { base: true, ..SessionOptions::default() }).expect("a session");
        let waveform = case.waveforms.row(0).to_vec();
        let first = bits(&session.run(&waveform).expect("outputs"));
        session.run(&waveform[..waveform.len() / 2]).expect("outputs of half");
        assert_eq!(bits(&session.run(&waveform).expect("outputs")), first, "{}", case.name);
    }
}

#[test]
fn equal_rows_of_a_batch_give_equal_outputs() {
    for case in chosen() {
        let model = model_of(&case.folder, Precision::Int8);
        let mut session =
            model.session(&SessionOptions { base: true, ..SessionOptions::default() }).expect("a session");
        let row = case.waveforms.row(0);
        let batch = Array2::from_shape_fn((3, row.len()), |(_, i)| row[i]);
        let outputs = session.run_batch(&batch, None).expect("outputs");
        let alone = session.run(row.as_slice().expect("one row")).expect("outputs");
        for (name, tensor) in outputs.iter() {
            for row in tensor.outer_iter() {
                assert_eq!(row, alone.get(name).expect("the same names").view(), "{} {name}", case.name);
            }
        }
    }
}

/// A sound of `length` samples that no two windows of repeat.
fn noise(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn windows_that_share_frames_give_the_bits_of_windows_alone() {
    let mut shared = Vec::new();
    for case in cases() {
        for precision in [Precision::F32, Precision::Int8] {
            let model = model_of(&case.folder, precision);
            for kernels in tables() {
                let options = SessionOptions { kernels, hidden_states: true, ..SessionOptions::default() };
                let mut alone = model.session(&options).expect("a session");
                let mut windows = model.window_session(&options).expect("a session");
                assert_eq!(windows.needed_samples(), alone.needed_samples());
                let hop = model.header().encoder.hop();
                let length = alone.needed_samples().max(20 * hop) + hop / 2;
                let sound = noise(2 * length);
                let mut frames = SharedFrames::default();
                // On by some frames, by none, by part of one, back, and past all that is known; the last window is shorter.
                let starts = [0, 3, 3, 10, 12].map(|count| count * hop);
                let others = [12 * hop + 1, 14 * hop + 1, 5 * hop, length, length + hop];
                for start in starts.into_iter().chain(others) {
                    let window = &sound[start..(start + length).min(sound.len() - hop / 2)];
                    let expected = bits(&alone.run(window).expect("outputs"));
                    let found = windows.run_at(window, start as i64, &mut frames).expect("outputs");
                    let place = format!("{} {precision:?} {} at {start}", case.name, kernels.name());
                    assert!(bits(&found) == expected, "{place}");
                }
                if windows.shares_frames() && !shared.contains(&case.name) {
                    shared.push(case.name.clone());
                }
            }
        }
    }
    println!("windows share frames in {}", shared.join(", "));
    assert!(shared.iter().any(|name| name == "mask-layer-sequence"), "{shared:?}");
}

#[test]
fn a_window_that_is_refused_leaves_the_shared_frames_right() {
    let case = cases().into_iter().find(|case| case.name == "mask-layer-sequence").expect("the case");
    let model = model_of(&case.folder, Precision::Int8);
    let mut session = model.window_session(&SessionOptions::default()).expect("a session");
    assert!(session.shares_frames());
    let (hop, length) = (model.header().encoder.hop(), session.needed_samples() + 2000);
    let sound = noise(2 * length);
    let mut frames = SharedFrames::default();
    session.run_at(&sound[..length], 0, &mut frames).expect("outputs");
    let mut broken = sound[hop..hop + length].to_vec();
    broken[length - 1] = f32::NAN;
    assert!(session.run_at(&broken, hop as i64, &mut frames).is_err());
    assert!(session.run_at(&sound[..10], hop as i64, &mut frames).is_err());
    let found = session.run_at(&sound[hop..hop + length], hop as i64, &mut frames).expect("outputs");
    let expected = session.run(&sound[hop..hop + length]).expect("outputs");
    assert_eq!(bits(&found), bits(&expected));
}
