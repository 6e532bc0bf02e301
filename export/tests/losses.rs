//! Losses against what transformers computes with random labels, on every golden case that has a head.

#![allow(missing_docs, reason = "a test")]

#[path = "../../tests/support/tensors.rs"]
mod tensors;

use std::path::Path;

use ndarray::{ArrayD, Axis};
use serde::Deserialize;
use wavlm_export::metrics::{AmSoftmax, CtcReduction, cross_entropy, ctc, frame_cross_entropy};

/// Largest difference, relative to a loss of more than 1: the project's bar.
const SAME: f64 = 1e-4;

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    #[serde(flatten)]
    labelled: Labelled,
}

#[derive(Deserialize)]
#[serde(tag = "head", rename_all = "lowercase")]
enum Labelled {
    Ctc { tokens: Vec<Vec<usize>>, frames: Vec<usize>, blank: usize, sum: f64, mean: f64 },
    Sequence { labels: Vec<usize>, loss: f64 },
    Frame { labels: Vec<Vec<usize>>, loss: f64 },
    Xvector { labels: Vec<usize>, loss: f64, classes: Vec<f32> },
}

/// The logits that transformers gave, one sound after the other, and the size of their last dimension.
fn logits(case: &str) -> (Vec<Vec<f32>>, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/cases").join(case);
    let batched = tensors::read(&folder.join("input.safetensors")).0["waveform"].ndim() == 2;
    let logits: ArrayD<f32> =
        tensors::read(&folder.join("expected.safetensors")).0.remove("logits").expect("logits");
    let width = *logits.shape().last().expect("a dimension");
    let logits = if batched { logits } else { logits.insert_axis(Axis(0)) };
    (logits.outer_iter().map(|sound| sound.iter().copied().collect()).collect(), width)
}

fn assert_near(found: f64, expected: f64, case: &str) {
    assert!(
        (found - expected).abs() <= SAME * expected.abs().max(1.0),
        "{case}: {found}, expected {expected}"
    );
}

fn mean(losses: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = losses.len() as f64;
    losses.sum::<f64>() / count
}

#[test]
fn losses_equal_transformers() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../tests/golden/losses.json")).expect("what losses.py writes");
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    for Case { name, labelled } in cases {
        let (logits, width) = logits(&name);
        match labelled {
            Labelled::Ctc { tokens, frames, blank, sum, mean } => {
                let sounds = logits.iter().zip(&frames).zip(&tokens);
                let losses: Vec<(f64, usize)> = sounds
                    .map(|((logits, frames), tokens)| {
                        (ctc(&logits[..frames * width], width, blank, tokens), tokens.len())
                    })
                    .collect();
                for (reduction, expected) in [(CtcReduction::Sum, sum), (CtcReduction::Mean, mean)] {
                    assert_near(reduction.reduce(&losses, false), expected, &name);
                }
            }
            Labelled::Sequence { labels, loss } => {
                let sounds = logits.iter().zip(labels);
                assert_near(mean(sounds.map(|(logits, label)| cross_entropy(logits, label))), loss, &name);
            }
            Labelled::Frame { labels, loss } => {
                let sounds = logits.iter().zip(&labels);
                assert_near(
                    mean(sounds.map(|(logits, labels)| frame_cross_entropy(logits, labels))),
                    loss,
                    &name,
                );
            }
            Labelled::Xvector { labels, loss, classes } => {
                let sounds = logits.iter().zip(labels);
                let objective = AmSoftmax::default();
                assert_near(
                    mean(sounds.map(|(logits, label)| objective.loss(logits, &classes, label))),
                    loss,
                    &name,
                );
            }
        }
    }
}
