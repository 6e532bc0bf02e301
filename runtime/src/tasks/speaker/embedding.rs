//! A voice as a direction in the model's embedding space.

/// A vector of length 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding(Vec<f32>);

/// Deviation from length 1 that rounding can explain, for vectors that come from a file.
const UNIT_TOLERANCE: f64 = 1e-3;

impl Embedding {
    /// The direction of `values`; `None` if they have none: all zero, not finite, or no values at all.
    pub fn new(values: &[f32]) -> Option<Self> {
        let length = length(values);
        if !(length.is_finite() && length > 0.0) {
            return None;
        }
        Some(Embedding(values.iter().map(|&value| (f64::from(value) / length) as f32).collect()))
    }

    /// `values` as they are; `None` if their length is not 1.
    pub(super) fn from_unit(values: Vec<f32>) -> Option<Self> {
        ((length(&values) - 1.0).abs() < UNIT_TOLERANCE).then_some(Embedding(values))
    }

    /// The direction of the mean; `None` if the embeddings cancel out or are none.
    pub fn mean(embeddings: &[Embedding]) -> Option<Self> {
        let (first, rest) = embeddings.split_first()?;
        let mut sum = first.0.clone();
        for embedding in rest {
            for (total, value) in sum.iter_mut().zip(&embedding.0) {
                *total += value;
            }
        }
        Embedding::new(&sum)
    }

    /// Cosine of the angle between two voices, in -1..=1; -1 where they have different numbers of components, as voices of
    /// different models may.
    pub fn cosine(&self, other: &Embedding) -> f32 {
        if self.0.len() != other.0.len() {
            return -1.0;
        }
        let product: f64 = self.0.iter().zip(&other.0).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
        product.clamp(-1.0, 1.0) as f32
    }

    /// The components.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

fn length(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directions_are_embeddings() {
        assert_eq!(Embedding::new(&[3.0, 4.0]).expect("a direction").as_slice(), [0.6, 0.8]);
        for values in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0]] {
            assert_eq!(Embedding::new(values), None, "{values:?}");
        }
        assert!(Embedding::from_unit(vec![0.6, 0.8]).is_some());
        assert!(Embedding::from_unit(vec![0.6, 0.9]).is_none());
        assert!(Embedding::from_unit(vec![f32::NAN]).is_none());
    }

    #[test]
    fn the_score_is_the_cosine() {
        let [x, y] = [[2.0, 0.0], [0.0, 5.0]].map(|values| Embedding::new(&values).expect("a direction"));
        let mean = Embedding::mean(&[x.clone(), y.clone()]).expect("a direction");
        assert_eq!(x.cosine(&x), 1.0);
        assert_eq!(x.cosine(&y), 0.0);
        assert!((x.cosine(&mean) - 0.5_f32.sqrt()).abs() < 1e-6);
        let longer = Embedding::new(&[2.0, 0.0, 0.0]).expect("a direction");
        assert_eq!((x.cosine(&longer), longer.cosine(&x)), (-1.0, -1.0));
        let opposite = Embedding::new(&[-1.0, 0.0]).expect("a direction");
        assert_eq!(Embedding::mean(&[x, opposite]), None);
    }
}
