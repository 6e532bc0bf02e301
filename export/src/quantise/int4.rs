//! f32 matrices to int4: a scale for each output row, a multiplier of four bits for every 32 inputs of it, a code of four
//! bits for each weight. A weight is (code − 8) · multiplier · scale.
//!
//! Codes are first rounded each for itself. Then they are gone through again: each moves to where the row's output, on what
//! the layer reads when people speak, comes closest to that of the f32 row. That is coordinate descent on the error that GPTQ
//! (Frantar et al., 2022) minimises, without a matrix to invert.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;
use wavlm_kernels::{GROUP_I4, MAX_MULTIPLIER_I4, ZERO_I4};

/// Largest code.
const LARGEST: f32 = 15.0;

/// Parts of a group's range that its codes may span: outliers are cut off where that serves the others.
const RANGES: [f32; 8] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65];

/// Times that the codes are gone through.
const PASSES: usize = 2;

/// Inputs whose codes are gone through before the outputs are computed anew, by matrix products, which take a fraction of the
/// time of single ones.
const BLOCK: usize = 64;

/// Rows that a thread goes through together.
const ROWS: usize = 128;

/// How much a weight's own error counts beside that of the output, relative to the mean power of the inputs: what was read
/// is a small part of what will be.
const OWN_ERROR: f32 = 0.2;

/// A matrix in int4.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedI4 {
    /// Row-major, 0 to 15.
    pub codes: Vec<u8>,
    /// Row-major, one for each 32 inputs, 0 to 15.
    pub multipliers: Vec<u8>,
    /// One per row.
    pub scales: Vec<f32>,
    /// One per row: the sum of (code − 8) · multiplier.
    pub sums: Vec<i32>,
}

impl QuantisedI4 {
    /// The weights that the codes stand for, of rows of so many columns.
    pub fn weights(&self, columns: usize) -> Array2<f32> {
        let groups = columns.div_ceil(GROUP_I4);
        Array2::from_shape_fn((self.scales.len(), columns), |(row, column)| {
            let multiplier = self.multipliers[row * groups + column / GROUP_I4];
            value(self.codes[row * columns + column], f32::from(multiplier) * self.scales[row])
        })
    }
}

/// Rounds every row. `inputs` (frames, columns) are what the layer reads. The values must be finite.
pub fn quantise_rows(matrix: ArrayView2<'_, f32>, inputs: Option<&Array2<f32>>) -> QuantisedI4 {
    let inputs = inputs.filter(|inputs| inputs.ncols() == matrix.ncols()).map(Columns::new);
    let rows: Vec<Row> = (0..matrix.nrows().div_ceil(ROWS))
        .into_par_iter()
        .flat_map_iter(|part| {
            let part = matrix.slice(s![part * ROWS..matrix.nrows().min((part + 1) * ROWS), ..]);
            let rounded = |weights: ArrayView1<'_, f32>| Row::rounded(&weights.to_vec(), inputs.as_ref());
            let mut rows: Vec<Row> = part.rows().into_iter().map(rounded).collect();
            if let Some(inputs) = &inputs {
                compensate(&mut rows, part, inputs);
            }
            rows
        })
        .collect();
    let sums = rows.iter().map(Row::sum).collect();
    let scales = rows.iter().map(|row| row.scale).collect();
    let multipliers = rows.iter().flat_map(|row| row.multipliers.iter().copied()).collect();
    let codes = rows.into_iter().flat_map(|row| row.codes).collect();
    QuantisedI4 { codes, multipliers, scales, sums }
}

/// What a layer reads, by input.
struct Columns {
    /// One row per input.
    values: Array2<f32>,
    /// Of each block of inputs, the inner products of each two.
    products: Vec<Array2<f32>>,
    /// The sum of each input's squares.
    powers: Vec<f32>,
    mean_power: f32,
}

impl Columns {
    fn new(inputs: &Array2<f32>) -> Self {
        let values = inputs.t().as_standard_layout().into_owned();
        let products: Vec<Array2<f32>> =
            values.axis_chunks_iter(Axis(0), BLOCK).map(|block| block.dot(&block.t())).collect();
        let powers: Vec<f32> = products.iter().flat_map(|block| block.diag().to_vec()).collect();
        let mean_power = powers.iter().sum::<f32>() / powers.len().max(1) as f32;
        Self { values, products, powers, mean_power }
    }
}

/// Moves codes to where the rows' outputs come closest to those of `weights`.
fn compensate(rows: &mut [Row], weights: ArrayView2<'_, f32>, inputs: &Columns) {
    let mut errors = Array2::from_shape_fn(weights.dim(), |(row, column)| {
        weights[[row, column]] - rows[row].weight(column)
    });
    let mut outputs = errors.dot(&inputs.values);
    for _ in 0..PASSES {
        for (number, products) in inputs.products.iter().enumerate() {
            let block = number * BLOCK..number * BLOCK + products.nrows();
            let read = inputs.values.slice(s![block.clone(), ..]);
            let before = errors.slice(s![.., block.clone()]).to_owned();
            // Row by row in memory, which `dot` does not promise.
            let mut gradients = Array2::zeros(before.dim());
            general_mat_mul(1.0, &outputs, &read.t(), 0.0, &mut gradients);
            let of_rows = errors.rows_mut().into_iter().zip(gradients.rows_mut());
            for (row, (errors, gradients)) in rows.iter_mut().zip(of_rows) {
                let [errors, gradients] =
                    [errors, gradients].map(|row| row.into_slice().expect("a row in one piece"));
                row.move_codes(block.start, &mut errors[block.clone()], gradients, products, inputs);
            }
            let moved = &errors.slice(s![.., block]) - &before;
            general_mat_mul(1.0, &moved, &read, 1.0, &mut outputs);
        }
    }
}

/// One row of the matrix.
struct Row {
    codes: Vec<u8>,
    multipliers: Vec<u8>,
    scale: f32,
}

impl Row {
    /// Every weight rounded for itself.
    fn rounded(weights: &[f32], inputs: Option<&Columns>) -> Self {
        let power = |column: usize| {
            inputs.map_or(1.0, |inputs| inputs.powers[column] + OWN_ERROR * inputs.mean_power)
        };
        let steps: Vec<f32> = weights
            .chunks(GROUP_I4)
            .enumerate()
            .map(|(group, weights)| best_step(weights, |i| power(group * GROUP_I4 + i)))
            .collect();
        let scale =
            steps.iter().fold(0.0_f32, |largest, &step| largest.max(step)) / f32::from(MAX_MULTIPLIER_I4);
        // Below the smallest normal number there is no precision left.
        let scale = if scale < f32::MIN_POSITIVE { 0.0 } else { scale };
        let (mut codes, mut multipliers) =
            (Vec::with_capacity(weights.len()), Vec::with_capacity(steps.len()));
        for (group, (weights, step)) in weights.chunks(GROUP_I4).zip(steps).enumerate() {
            let nearest = if scale == 0.0 { 0.0 } else { step / scale };
            let candidates = [nearest.floor(), nearest.ceil()].map(|multiplier| multiplier.clamp(1.0, 15.0));
            let loss = |multiplier: f32| {
                let step = multiplier * scale;
                let error = |(i, &w): (usize, &f32)| {
                    (w - value(code(w, step), step)).powi(2) * power(group * GROUP_I4 + i)
                };
                weights.iter().enumerate().map(error).sum::<f32>()
            };
            let [low, high] = candidates;
            let multiplier = if loss(low) <= loss(high) { low } else { high };
            let multiplier = if nearest == 0.0 { 0.0 } else { multiplier };
            multipliers.push(multiplier as u8);
            codes.extend(weights.iter().map(|&w| code(w, multiplier * scale)));
        }
        Self { codes, multipliers, scale }
    }

    /// Goes through the codes of a block of inputs. `errors` are how far the weights are from where they should be, `gradients`
    /// the inner products of the error of the output with each input, `products` those of the inputs.
    fn move_codes(
        &mut self,
        first: usize,
        errors: &mut [f32],
        gradients: &mut [f32],
        products: &Array2<f32>,
        inputs: &Columns,
    ) {
        let own = OWN_ERROR * inputs.mean_power;
        for (i, with_others) in products.outer_iter().enumerate() {
            let column = first + i;
            let step = f32::from(self.multipliers[column / GROUP_I4]) * self.scale;
            let whole = inputs.powers[column] + own;
            if step == 0.0 || whole == 0.0 {
                continue;
            }
            let wanted = (gradients[i] + own * errors[i]) / whole;
            let old = value(self.codes[column], step);
            let new = code(old + wanted, step);
            if new != self.codes[column] {
                let change = value(new, step) - old;
                self.codes[column] = new;
                errors[i] -= change;
                for (gradient, product) in gradients.iter_mut().zip(with_others) {
                    *gradient -= change * product;
                }
            }
        }
    }

    fn weight(&self, column: usize) -> f32 {
        value(self.codes[column], f32::from(self.multipliers[column / GROUP_I4]) * self.scale)
    }

    fn sum(&self) -> i32 {
        let groups = self.codes.chunks(GROUP_I4).zip(&self.multipliers);
        let sum = |(codes, &multiplier): (&[u8], &u8)| {
            let distances = codes.iter().map(|&code| i32::from(code) - i32::from(ZERO_I4));
            distances.sum::<i32>() * i32::from(multiplier)
        };
        groups.map(sum).sum()
    }
}

/// The distance between two codes that serves a group of weights best; 0 for a group of zeros.
fn best_step(weights: &[f32], power: impl Fn(usize) -> f32) -> f32 {
    let zero = f32::from(ZERO_I4);
    let widest = weights
        .iter()
        .fold(0.0_f32, |widest, &w| widest.max(if w < 0.0 { -w / zero } else { w / (LARGEST - zero) }));
    let loss = |step: f32| -> f32 {
        let error = |(i, &w): (usize, &f32)| (w - value(code(w, step), step)).powi(2) * power(i);
        weights.iter().enumerate().map(error).sum()
    };
    let steps = RANGES.map(|range| range * widest);
    let losses = steps.map(loss);
    let best = (0..RANGES.len()).fold(0, |best, i| if losses[i] < losses[best] { i } else { best });
    steps[best]
}

/// The code nearest to a weight, ties to even.
fn code(weight: f32, step: f32) -> u8 {
    if step == 0.0 {
        return ZERO_I4;
    }
    const ZERO: f32 = ZERO_I4 as f32;
    // So large that its fraction has no bits: the sum is rounded to whole numbers, ties to even. A call of libm, as processors
    // without the instruction need it, would take most of the time.
    const WHOLE: f32 = 1.5 * (1 << 23) as f32;
    let bounded = (weight / step).clamp(-ZERO, LARGEST - ZERO);
    ((bounded + WHOLE) - WHOLE + ZERO) as u8
}

/// What a code stands for.
fn value(code: u8, step: f32) -> f32 {
    (f32::from(code) - f32::from(ZERO_I4)) * step
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
        let mut rng = StdRng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((rows, columns), || rng.random_range(-1.0..1.0))
    }

    #[test]
    fn weights_stay_within_a_step() {
        let matrix = random(5, 70, 1);
        let quantised = quantise_rows(matrix.view(), None);
        for (found, expected) in quantised.weights(70).iter().zip(&matrix) {
            assert!((found - expected).abs() < 0.2, "{found} for {expected}");
        }
        let zeros = quantise_rows(Array2::zeros((2, 33)).view(), None);
        assert!(zeros.codes.iter().all(|&code| code == ZERO_I4) && zeros.sums == [0, 0]);
    }

    #[test]
    fn sums_are_those_of_the_weights() {
        let matrix = random(3, 64, 2);
        let quantised = quantise_rows(matrix.view(), None);
        let unpacked = quantised.weights(64);
        for (row, (&sum, &scale)) in quantised.sums.iter().zip(&quantised.scales).enumerate() {
            let expected: f32 = unpacked.row(row).sum();
            assert!((sum as f32 * scale - expected).abs() < 1e-3, "{sum} · {scale} for {expected}");
        }
    }

    #[test]
    fn one_frame_is_compensated_for() {
        let (matrix, inputs) = (random(8, 100, 5), random(1, 100, 6));
        let error = |inputs_known| {
            let quantised = quantise_rows(matrix.view(), inputs_known);
            inputs.dot(&(quantised.weights(100) - &matrix).t()).mapv(|x| x * x).sum()
        };
        assert!(error(Some(&inputs)) < 0.1 * error(None), "{} {}", error(Some(&inputs)), error(None));
    }

    #[test]
    fn compensation_brings_outputs_closer() {
        let (matrix, mut inputs) = (random(8, 64, 3), random(200, 64, 4));
        // Inputs that go together are what there is to gain from.
        for frame in 0..200 {
            for column in 1..64 {
                inputs[[frame, column]] = 0.7 * inputs[[frame, column - 1]] + 0.3 * inputs[[frame, column]];
            }
        }
        let error = |quantised: &QuantisedI4| {
            let difference = quantised.weights(64) - &matrix;
            inputs.dot(&difference.t()).mapv(|x| x * x).sum()
        };
        let (plain, compensated) =
            (quantise_rows(matrix.view(), None), quantise_rows(matrix.view(), Some(&inputs)));
        assert!(error(&compensated) < 0.8 * error(&plain), "{} {}", error(&compensated), error(&plain));
    }
}
