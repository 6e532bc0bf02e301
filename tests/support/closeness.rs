//! How far two tensors are apart.

use ndarray::ArrayD;

/// Distance between a tensor and its reference.
#[derive(Clone, Copy, Debug)]
pub struct Closeness {
    /// Cosine of the angle between them, both read as one vector.
    pub cosine: f64,
    /// Largest absolute difference, relative to the reference's largest absolute value.
    pub relative: f64,
}

/// Compares `found` with `expected`.
///
/// # Panics
/// If the shapes differ, or a value is not finite.
pub fn closeness(found: &ArrayD<f32>, expected: &ArrayD<f32>) -> Closeness {
    assert_eq!(found.shape(), expected.shape(), "shape");
    assert!(found.iter().chain(expected).all(|x| x.is_finite()), "a value is not finite");
    let (mut dot, mut a2, mut b2, mut difference, mut largest) = (0.0, 0.0, 0.0, 0.0f64, 0.0f64);
    for (&a, &b) in found.iter().zip(expected) {
        let (a, b) = (f64::from(a), f64::from(b));
        dot += a * b;
        a2 += a * a;
        b2 += b * b;
        difference = difference.max((a - b).abs());
        largest = largest.max(b.abs());
    }
    Closeness { cosine: dot / (a2 * b2).sqrt(), relative: difference / largest }
}
