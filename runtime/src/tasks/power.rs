//! The power of short stretches of sound.

/// Mean square of the samples about their own mean, so that an offset counts for nothing; 0 for no samples.
pub(super) fn power(frame: &[f32]) -> f32 {
    let count = frame.len().max(1) as f64;
    let mean = frame.iter().copied().map(f64::from).sum::<f64>() / count;
    let squares: f64 = frame.iter().map(|&sample| (f64::from(sample) - mean).powi(2)).sum();
    (squares / count) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_has_no_power() {
        assert_eq!(power(&[]), 0.0);
        assert_eq!(power(&[0.25; 160]), 0.0);
        assert_eq!(power(&[0.5, -0.5]), 0.25);
        assert_eq!(power(&[0.75, -0.25]), 0.25);
    }
}
