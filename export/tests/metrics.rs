//! Figures of merit against what scikit-learn, SciPy, jiwer and pyannote.metrics make of the same random cases.

#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeMap;

use serde::Deserialize;
use wavlm_export::metrics::{Calibration, DiarizationErrors, Segment, TextErrors, Trials};

/// Both sides compute in f64; the project's bar.
const SAME: f64 = 1e-6;

#[derive(Deserialize)]
struct Cases {
    detection: Vec<Detection>,
    texts: Vec<Texts>,
    turns: Vec<Turns>,
}

#[derive(Deserialize)]
struct Detection {
    same: Vec<f32>,
    different: Vec<f32>,
    eer: f64,
    min_dcf_01: f64,
    min_dcf_05: f64,
    fnmr_at_fmr: [f64; 3],
    cllr: f64,
    cllr_calibrated: f64,
}

#[derive(Deserialize)]
struct Texts {
    said: Vec<String>,
    found: Vec<String>,
    wer: f64,
    cer: f64,
}

#[derive(Deserialize)]
struct Turns {
    reference: Vec<(String, f64, f64)>,
    found: Vec<(String, f64, f64)>,
    der: BTreeMap<String, f64>,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("../../tests/golden/metrics.json")).expect("what metrics.py writes")
}

fn assert_near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= SAME, "{what}: {found}, expected {expected}");
}

#[test]
fn detection_equals_scikit_learn() {
    for Detection { same, different, eer, min_dcf_01, min_dcf_05, fnmr_at_fmr, cllr, cllr_calibrated } in
        cases().detection
    {
        let trials = Trials { same, different };
        assert_near(trials.equal_error().0, eer, "EER");
        assert_near(trials.min_dcf(0.01), min_dcf_01, "minDCF");
        assert_near(trials.min_dcf(0.05), min_dcf_05, "minDCF at 5 %");
        for (fmr, expected) in [1e-2, 1e-3, 1e-4].into_iter().zip(fnmr_at_fmr) {
            assert_near(trials.fnmr_at(fmr), expected, "FNMR");
        }
        assert_near(trials.cllr(Calibration::NONE), cllr, "Cllr");
        assert_near(trials.cllr(trials.calibration()), cllr_calibrated, "Cllr, calibrated");
    }
}

#[test]
fn texts_equal_jiwer() {
    for Texts { said, found, wer, cer } in cases().texts {
        let mut errors = TextErrors::default();
        said.iter().zip(&found).for_each(|(said, found)| errors.add(said, found));
        assert_near(errors.wer(), wer, "WER");
        assert_near(errors.cer(), cer, "CER");
    }
}

#[test]
fn turns_equal_pyannote() {
    for Turns { reference, found, der } in cases().turns {
        let segments = |list: Vec<(String, f64, f64)>| -> Vec<Segment> {
            list.into_iter().map(|(speaker, start_s, end_s)| Segment { speaker, start_s, end_s }).collect()
        };
        let (reference, found) = (segments(reference), segments(found));
        for (collar, expected) in der {
            let mut errors = DiarizationErrors::default();
            errors.add(&reference, &found, collar.parse().expect("seconds"));
            assert_near(errors.rate(), expected, &format!("DER with a collar of {collar} s"));
        }
    }
}
