//! Every golden case, in f32 and in int8, against transformers.

use wavlm_format::Precision;
use wavlm_kernels::Kernels;
use wavlm_runtime::{Outputs, SessionOptions};
use wavlm_tests::{Case, cases, closeness, model_of};

/// Largest difference of f32 outputs, relative to a tensor's largest absolute value: the project's bar. The expected
/// values are rounded f64; transformers' own f32 run stays within 4e-6 of them.
const F32_RELATIVE: f64 = 1e-4;
/// Cosine of int8 results on these small random models: the project's bar.
const INT8_COSINE: f64 = 0.995;

fn run(case: &Case, precision: Precision, kernels: &'static Kernels) -> Outputs {
    let model = model_of(&case.folder, precision);
    let options = SessionOptions {
        base: true,
        hidden_states: true,
        attentions: true,
        masked: case.lengths.is_some(),
        kernels,
        ..SessionOptions::default()
    };
    let mut session = model.session(&options).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let outputs = if case.batch {
        session.run_batch(&case.waveforms, case.lengths.as_deref())
    } else {
        session.run(case.waveforms.row(0).as_slice().expect("one row"))
    };
    outputs.unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// The outputs that both have, and that a user asks for; `stem` is there for debugging alone.
fn compared(case: &Case) -> impl Iterator<Item = (&String, &ndarray::ArrayD<f32>)> {
    case.expected.iter().filter(|(name, _)| *name != "stem")
}

#[test]
fn f32_equals_transformers_on_every_table() {
    let cases = cases();
    assert!(cases.len() >= 30, "only {} golden cases", cases.len());
    for kernels in Kernels::available() {
        let mut worst = 0.0f64;
        for case in &cases {
            let outputs = run(case, Precision::F32, kernels);
            for (name, expected) in compared(case) {
                let found = outputs.get(name).unwrap_or_else(|| panic!("{}: no output {name}", case.name));
                let relative = closeness(found, expected).relative;
                assert!(
                    relative <= F32_RELATIVE,
                    "{} {}: {name} differs by {relative:e}",
                    kernels.name(),
                    case.name
                );
                worst = worst.max(relative);
            }
        }
        println!("{}: f32 within {worst:e} of transformers", kernels.name());
    }
}

#[test]
fn int8_stays_close_to_transformers_on_every_table() {
    for kernels in Kernels::available() {
        let mut worst = 1.0f64;
        for case in &cases() {
            let outputs = run(case, Precision::Int8, kernels);
            for (name, expected) in compared(case) {
                let found = outputs.get(name).unwrap_or_else(|| panic!("{}: no output {name}", case.name));
                let cosine = closeness(found, expected).cosine;
                assert!(
                    cosine >= INT8_COSINE,
                    "{} {}: {name} has cosine {cosine}",
                    kernels.name(),
                    case.name
                );
                worst = worst.min(cosine);
            }
        }
        println!("{}: int8 cosine at least {worst}", kernels.name());
    }
}
