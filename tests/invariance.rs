//! What must not change a result: threads, earlier runs, the batch an utterance stands in. (How sound is cut
//! into pieces is the business of the keyword spotter, and tested there.)

use ndarray::Array2;
use wavlm_format::Precision;
use wavlm_kernels::Kernels;
use wavlm_runtime::{Outputs, SessionOptions};
use wavlm_tests::{Case, cases, model_of};

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
            for kernels in Kernels::available() {
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
