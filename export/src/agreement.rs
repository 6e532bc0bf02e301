//! How close two evaluations of one model are.

use std::collections::BTreeMap;

use ndarray::ArrayD;
use wavlm_format::Agreement;

/// The agreement of every tensor over some utterances, in the order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    lines: Vec<Agreement>,
    by_name: BTreeMap<String, usize>,
}

impl Agreements {
    /// Takes one utterance's tensor into account. Shapes must be equal: both sides compute the same frames.
    pub fn add(&mut self, tensor: &str, found: &ArrayD<f32>, expected: &ArrayD<f32>) {
        let new = measure(tensor, found, expected);
        match self.by_name.get(tensor) {
            Some(&index) => {
                let line = &mut self.lines[index];
                line.cosine = worse(line.cosine, new.cosine, f32::min);
                line.max_abs = worse(line.max_abs, new.max_abs, f32::max);
                line.max_rel = worse(line.max_rel, new.max_rel, f32::max);
            }
            None => {
                self.by_name.insert(tensor.to_owned(), self.lines.len());
                self.lines.push(new);
            }
        }
    }

    /// One line per tensor.
    pub fn into_lines(self) -> Vec<Agreement> {
        self.lines
    }
}

/// The worse of two, where not-a-number is the worst.
fn worse(a: f32, b: f32, worse: fn(f32, f32) -> f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { worse(a, b) }
}

/// The agreement of two tensors. Not-a-number on either side makes not-a-number of every figure it enters.
///
/// # Panics
/// If the shapes differ.
pub fn measure(tensor: &str, found: &ArrayD<f32>, expected: &ArrayD<f32>) -> Agreement {
    assert_eq!(found.shape(), expected.shape(), "{tensor}");
    let (mut dot, mut found_square, mut expected_square) = (0.0_f64, 0.0_f64, 0.0_f64);
    let (mut max_abs, mut largest) = (0.0_f32, 0.0_f32);
    for (&found, &expected) in found.iter().zip(expected) {
        let (a, b) = (f64::from(found), f64::from(expected));
        dot += a * b;
        found_square += a * a;
        expected_square += b * b;
        max_abs = worse(max_abs, (found - expected).abs(), f32::max);
        largest = largest.max(expected.abs());
    }
    let lengths = (found_square * expected_square).sqrt();
    // Two tensors of zeros agree; a tensor of zeros has no direction to agree in.
    let cosine = if found_square == 0.0 && expected_square == 0.0 { 1.0 } else { dot / lengths } as f32;
    let max_rel = if max_abs == 0.0 { 0.0 } else { max_abs / largest };
    Agreement { tensor: tensor.to_owned(), cosine, max_abs, max_rel }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_worst_utterance_counts() {
        let mut agreements = Agreements::default();
        agreements.add("x", &array![1.0, 0.0].into_dyn(), &array![1.0, 0.0].into_dyn());
        agreements.add("x", &array![3.0, 4.0].into_dyn(), &array![4.0, 3.0].into_dyn());
        agreements.add("y", &array![0.0].into_dyn(), &array![0.0].into_dyn());
        let [x, y] = agreements.into_lines().try_into().unwrap();
        assert_eq!(x, Agreement { tensor: "x".to_owned(), cosine: 0.96, max_abs: 1.0, max_rel: 0.25 });
        assert_eq!(y, Agreement { tensor: "y".to_owned(), cosine: 1.0, max_abs: 0.0, max_rel: 0.0 });
    }

    #[test]
    fn not_a_number_never_agrees() {
        let mut agreements = Agreements::default();
        for values in [array![1.0], array![f32::NAN], array![1.0]] {
            agreements.add("x", &values.into_dyn(), &array![1.0].into_dyn());
        }
        let line = &agreements.into_lines()[0];
        assert!(line.cosine.is_nan() && line.max_abs.is_nan() && line.max_rel.is_nan());
    }
}
