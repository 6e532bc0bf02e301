//! Element-wise functions: against exact formulas in f64, and the same bits from every table.

#![allow(missing_docs, reason = "a test")]

mod common;

use common::{Numbers, unless_miri};
use wavlm_kernels::{Activation, Kernels, Quantisation};

const ACTIVATIONS: [Activation; 6] = [
    Activation::Gelu,
    Activation::GeluNew,
    Activation::Relu,
    Activation::Selu,
    Activation::Silu,
    Activation::Tanh,
];

/// Lengths around the sixteen lanes and a model's widths.
const LENGTHS: &[usize] = unless_miri(&[0, 1, 7, 15, 16, 17, 33, 768, 769], &[0, 1, 17]);

/// Largest error of a function relative to max(1, |result|), as the crate documents it.
const BOUND: f64 = 2.5e-7;

/// Every 4096th float from -`limit` to `limit` (fewer under Miri), by bits: dense near zero, as floats are.
fn sweep(limit: f32) -> Vec<f32> {
    let magnitudes = (0..=limit.to_bits()).step_by(unless_miri(1 << 12, 1 << 24)).map(f32::from_bits);
    magnitudes.flat_map(|x| [x, -x]).collect()
}

/// `erf` in f64 within 1e-14: its series near zero, a continued fraction of `erfc` further out.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 3.0 {
        let mut term = a;
        let mut sum = a;
        for n in 1..100 {
            term *= -a * a / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let fraction = (1..60).rev().fold(a, |f, n| a + f64::from(n) / 2.0 / f);
        1.0 - (-a * a).exp() / std::f64::consts::PI.sqrt() / fraction
    };
    value.copysign(x)
}

fn exact(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Gelu => x / 2.0 * (1.0 + erf(x / 2f64.sqrt())),
        Activation::GeluNew => {
            x / 2.0 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
        }
        Activation::Relu => x.max(0.0),
        Activation::Selu if x > 0.0 => 1.050_700_987_355_480_5 * x,
        Activation::Selu => 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2 * x.exp_m1(),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        other => panic!("no formula for {other:?}"),
    }
}

/// Checks `f` over `inputs` against `exact`, the error being at most [`BOUND`]` · max(1, |exact|)`.
fn check(name: &str, inputs: &[f32], f: impl Fn(&mut [f32]), exact: impl Fn(f64) -> f64) {
    let mut outputs = inputs.to_vec();
    f(&mut outputs);
    let mut worst = (0.0, 0.0, 0.0);
    for (&x, &y) in inputs.iter().zip(&outputs) {
        let expected = exact(f64::from(x));
        let error = (f64::from(y) - expected).abs() / expected.abs().max(1.0);
        assert!(!error.is_nan(), "{name}({x}) = {y}");
        if error > worst.0 {
            worst = (error, x, y);
        }
    }
    let (error, x, y) = worst;
    assert!(error <= BOUND, "{name}({x}) = {y}, off by {error:e}, more than {BOUND:e}");
}

#[test]
fn activations_are_within_their_bounds() {
    let kernels = Kernels::detect();
    let inputs = sweep(100.0);
    for activation in ACTIVATIONS {
        let run = |row: &mut [f32]| kernels.activate(activation, row);
        check(&format!("{activation:?}"), &inputs, run, |x| exact(activation, x));
    }
    check("sigmoid", &inputs, |row| kernels.sigmoid(row), |x| 1.0 / (1.0 + (-x).exp()));
}

#[test]
fn exponential_is_within_its_bound() {
    let kernels = Kernels::detect();
    // Relative error: both sides divided by the exact power.
    let inputs: Vec<f32> = sweep(88.37).into_iter().filter(|&x| x >= -87.33).collect();
    let mut powers = inputs.clone();
    kernels.exp_sum(&mut powers, 0.0);
    for (&x, &y) in inputs.iter().zip(&powers) {
        let expected = f64::from(x).exp();
        let error = (f64::from(y) / expected - 1.0).abs();
        assert!(error <= BOUND, "exp({x}) = {y}, off by {error:e}");
    }
    let mut masked = [f32::NEG_INFINITY, -1e30, -88.0, 0.0];
    assert_eq!(kernels.exp_sum(&mut masked, 0.0), 1.0);
    assert_eq!(masked, [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn activations_of_infinities_are_their_limits() {
    for kernels in Kernels::available() {
        for (activation, below, above) in [
            (Activation::Relu, 0.0, f32::INFINITY),
            (Activation::Gelu, -1.1e-7, f32::INFINITY),
            (Activation::Selu, -1.758_099_3, f32::INFINITY),
            (Activation::Tanh, -1.0, 1.0),
        ] {
            let mut row = [f32::NEG_INFINITY, f32::INFINITY, f32::NAN];
            kernels.activate(activation, &mut row);
            let name = kernels.name();
            assert!((below..=0.0_f32.max(below)).contains(&row[0]), "{name} {activation:?} {row:?}");
            assert_eq!(row[1], above, "{name} {activation:?}");
            assert!(row[2].is_nan(), "{name} {activation:?}");
        }
    }
}

/// What a table makes of one row, all of it, as bits.
fn everything(kernels: &Kernels, x: &[f32], other: &[f32]) -> Vec<u32> {
    let mut rows: Vec<Vec<f32>> = Vec::new();
    let mut with = |f: &dyn Fn(&mut [f32])| {
        let mut row = x.to_vec();
        f(&mut row);
        rows.push(row);
    };
    for activation in ACTIVATIONS {
        with(&|row| kernels.activate(activation, row));
    }
    with(&|row| kernels.sigmoid(row));
    with(&|row| kernels.layer_norm(row, other, x, 1e-5));
    with(&|row| _ = kernels.exp_sum(row, 3.0));
    with(&|row| kernels.scale(row, 0.3));
    with(&|row| kernels.axpy(0.3, other, row));
    with(&|row| kernels.scaled(0.3, other, row));
    let sum = kernels.exp_sum(&mut x.to_vec(), 3.0);
    let mut codes = vec![9; x.len() + 5];
    let q = kernels.quantise_row(x, &mut codes);
    let mut powers = vec![9; x.len() + 5];
    let (sum_of_powers, of_powers) = kernels.exp_codes(x, kernels.row_max(x), &mut powers);
    rows.push(vec![kernels.row_max(x), sum, q.scale, q.offset]);
    rows.push(vec![sum_of_powers, of_powers.scale, of_powers.offset]);
    let codes = codes.iter().chain(&powers).map(|code| u32::from(code ^ kernels.zero_code()));
    rows.concat().iter().map(|x| x.to_bits()).chain(codes).collect()
}

#[test]
fn every_table_gives_the_same_bits() {
    let reference = Kernels::available()[0];
    for kernels in Kernels::available() {
        for &length in LENGTHS {
            let mut numbers = Numbers(length as u64 + 1);
            let x: Vec<f32> = numbers.floats(length).iter().map(|x| 6.0 * x).collect();
            let other = numbers.floats(length);
            let (got, expected) = (everything(kernels, &x, &other), everything(reference, &x, &other));
            assert_eq!(got, expected, "{} at length {length}", kernels.name());
        }
    }
}

/// FNV-1a of one row's results, the same on x86-64 and on ARM.
#[test]
#[cfg_attr(miri, ignore = "reads and writes what the test above does, for twenty seconds")]
fn every_architecture_gives_the_same_bits() {
    let mut numbers = Numbers(1);
    let x: Vec<f32> = numbers.floats(769).iter().map(|x| 6.0 * x).collect();
    let bits = everything(Kernels::detect(), &x, &numbers.floats(769));
    let hash =
        bits.iter().flat_map(|bits| bits.to_le_bytes()).fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
    assert_eq!(hash, 0x0EDB_1B3D_F295_B222, "{hash:#018x}");
}

#[test]
fn quantises_to_nearest_ties_to_even() {
    for kernels in Kernels::available() {
        let row = [127.0, -127.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.49, -63.7];
        let mut codes = [77; 12];
        assert_eq!(kernels.quantise_row(&row, &mut codes), Quantisation { scale: 1.0, offset: 0.0 });
        let codes = codes.map(|code| (code ^ kernels.zero_code()) as i8);
        assert_eq!(codes, [127, -127, 0, 2, 2, 0, -2, 0, -64, 0, 0, 0], "{}", kernels.name());
    }
}

#[test]
fn one_sided_rows_use_all_codes() {
    for kernels in Kernels::available() {
        let mut codes = [77; 3];
        let quantisation = kernels.quantise_row(&[0.0, 254.0, 100.2], &mut codes);
        assert_eq!(quantisation, Quantisation { scale: 1.0, offset: 127.0 });
        assert_eq!(
            codes.map(|code| (code ^ kernels.zero_code()) as i8),
            [-127, 127, -27],
            "{}",
            kernels.name()
        );
    }
}

#[test]
fn rows_of_nothing_quantise_to_zero() {
    for kernels in Kernels::available() {
        for tiny in [0.0, f32::MIN_POSITIVE, 1e-40] {
            let mut codes = [77; 20];
            let quantisation = kernels.quantise_row(&[tiny; 17], &mut codes);
            assert_eq!(quantisation, Quantisation { scale: 0.0, offset: tiny }, "{}", kernels.name());
            assert_eq!(codes, [kernels.zero_code(); 20], "{} {tiny:e}", kernels.name());
        }
    }
}

#[test]
fn powers_are_quantised_to_nearest() {
    for kernels in Kernels::available() {
        for &length in &LENGTHS[1..] {
            let row: Vec<f32> = Numbers(length as u64).floats(length).iter().map(|x| 4.0 * x).collect();
            let max = kernels.row_max(&row);
            let mut powers = row.clone();
            let sum = kernels.exp_sum(&mut powers, max);
            let mut codes = vec![77; length + 5];
            let (sum_of_codes, quantisation) = kernels.exp_codes(&row, max, &mut codes);
            assert_eq!((sum_of_codes, quantisation.scale), (sum, 1.0 / 254.0), "{}", kernels.name());
            let codes: Vec<i8> = codes.iter().map(|code| (code ^ kernels.zero_code()) as i8).collect();
            for (power, &code) in powers.iter().zip(&codes) {
                let exact = power * 254.0 - 127.0;
                assert!((exact - f32::from(code)).abs() < 0.5001, "{}: {exact}, {code}", kernels.name());
            }
            assert_eq!(codes[length..], [0; 5]);
        }
    }
}

/// One power of 1 and many far below a step: rounding alone would lose 0.23 of 1.23.
#[test]
fn a_tail_of_small_powers_keeps_its_weight() {
    for kernels in Kernels::available() {
        let mut row = vec![-7.0; 257];
        row[100] = 0.0;
        let mut codes = vec![0; 257];
        let (sum, quantisation) = kernels.exp_codes(&row, 0.0, &mut codes);
        assert!((sum - (1.0 + 256.0 * (-7f32).exp())).abs() < 1e-5, "{}: {sum}", kernels.name());
        let weight = |code: &u8| {
            f32::from((code ^ kernels.zero_code()) as i8) * quantisation.scale + quantisation.offset
        };
        let weights: Vec<f32> = codes.iter().map(weight).collect();
        assert!((weights.iter().sum::<f32>() - sum).abs() < 1e-4, "{}", kernels.name());
        assert!((weights[0] - (-7f32).exp()).abs() < 1e-5, "{}: {}", kernels.name(), weights[0]);
    }
}

#[test]
fn layer_norm_follows_its_formula() {
    let kernels = Kernels::detect();
    for &length in &LENGTHS[1..] {
        let mut numbers = Numbers(length as u64);
        // A mean far from zero: the variance must come from centred values.
        let x: Vec<f32> = numbers.floats(length).iter().map(|x| x + 50.0).collect();
        let (weight, bias) = (numbers.floats(length), numbers.floats(length));
        let mut row = x.clone();
        kernels.layer_norm(&mut row, &weight, &bias, 1e-5);
        let n = length as f64;
        let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        for (i, &y) in row.iter().enumerate() {
            let normal = (f64::from(x[i]) - mean) / (variance + 1e-5).sqrt();
            let expected = normal * f64::from(weight[i]) + f64::from(bias[i]);
            // The f32 mean of values near 50 is off by a few millionths.
            assert!((f64::from(y) - expected).abs() < 5e-5, "length {length}: {y}, expected {expected}");
        }
    }
}

#[test]
fn maxima_ignore_what_is_not_a_number() {
    for kernels in Kernels::available() {
        for at in (0..40).step_by(unless_miri(1, 13)) {
            let mut row = vec![-3.0; 40];
            row[at] = f32::NAN;
            row[(at + 1) % 40] = -2.0;
            row[(at + 2) % 40] = -5.0;
            assert_eq!(kernels.row_max(&row), -2.0, "{} at {at}", kernels.name());
        }
    }
}
