//! Every golden case, in f32 and in int8, against transformers.

use wavlm_export::agreement::measure;
use wavlm_format::Precision;
use wavlm_kernels::Kernels;
use wavlm_runtime::Outputs;
use wavlm_tests::{Case, cases, model_of, tables};

/// Largest difference of f32 outputs, relative to a tensor's largest absolute value: the project's bar. The expected
/// values are rounded f64; transformers' own f32 run stays within 4e-6 of them.
const F32_RELATIVE: f32 = 1e-4;
/// Cosine of int8 results on these small random models: the project's bar.
const INT8_COSINE: f32 = 0.995;

/// The same of int4, whose weights are rounded here without what the layers read.
const INT4_COSINE: f32 = 0.9;

fn run(case: &Case, precision: Precision, kernels: &'static Kernels) -> Outputs {
    let outputs = case.run(&model_of(&case.folder, precision), kernels);
    outputs.unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

#[test]
fn f32_equals_transformers_on_every_table() {
    let cases = cases();
    assert!(cases.len() >= 30, "only {} golden cases", cases.len());
    for kernels in tables() {
        let mut worst = 0.0f32;
        for case in &cases {
            let outputs = run(case, Precision::F32, kernels);
            for (name, expected) in case.compared() {
                let found = outputs.get(name).unwrap_or_else(|| panic!("{}: no output {name}", case.name));
                let relative = measure(name, found, expected).max_rel;
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
fn int4_stays_close_to_transformers() {
    // Unpacked, the weights are those of int8, on every table: its own tests see to that.
    let kernels = Kernels::detect();
    let mut worst = 1.0f32;
    for case in &cases() {
        let outputs = run(case, Precision::Int4, kernels);
        for (name, expected) in case.compared() {
            let found = outputs.get(name).unwrap_or_else(|| panic!("{}: no output {name}", case.name));
            let cosine = measure(name, found, expected).cosine;
            assert!(cosine >= INT4_COSINE, "{} {}: {name} has cosine {cosine}", kernels.name(), case.name);
            worst = worst.min(cosine);
        }
    }
    println!("{}: int4 cosine at least {worst}", kernels.name());
}

#[test]
fn int8_stays_close_to_transformers_on_every_table() {
    for kernels in tables() {
        let mut worst = 1.0f32;
        for case in &cases() {
            let outputs = run(case, Precision::Int8, kernels);
            for (name, expected) in case.compared() {
                let found = outputs.get(name).unwrap_or_else(|| panic!("{}: no output {name}", case.name));
                let cosine = measure(name, found, expected).cosine;
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
