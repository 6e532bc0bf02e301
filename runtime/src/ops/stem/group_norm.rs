//! The group norm behind the first convolution: one group per channel, statistics over the whole utterance.
//!
//! A channel of the convolution is `w · window + b`, so its mean is `w · mean + b` and its variance `wᵀ · covariance · w`,
//! of the windows' own mean and covariance. Those are a few sums over the waveform: the convolution itself, with hundreds
//! of channels, needs to be computed only once.

use wavlm_kernels::pack;

use super::WaveformConv;

/// Mean and population covariance of the windows that the first convolution reads.
pub(super) struct WindowMoments {
    mean: Vec<f64>,
    /// `kernel × kernel`, row-major; the part above the diagonal is left zero.
    covariance: Vec<f64>,
}

impl WindowMoments {
    /// Windows of `kernel` samples, `stride` apart; there must be at least one.
    pub fn of(waveform: &[f32], kernel: usize, stride: usize) -> WindowMoments {
        let mut sums = vec![0.0; kernel];
        let mut products = vec![0.0; kernel * kernel];
        let mut window = vec![0.0; kernel];
        for samples in waveform.windows(kernel).step_by(stride) {
            window.iter_mut().zip(samples).for_each(|(to, &x)| *to = f64::from(x));
            for (i, &x) in window.iter().enumerate() {
                sums[i] += x;
                let row = &mut products[i * kernel..][..=i];
                row.iter_mut().zip(&window).for_each(|(sum, y)| *sum += x * y);
            }
        }
        let count = ((waveform.len() - kernel) / stride + 1) as f64;
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let mut covariance = products;
        for i in 0..kernel {
            for j in 0..=i {
                let product = covariance[i * kernel + j] / count;
                covariance[i * kernel + j] = product - mean[i] * mean[j];
            }
        }
        WindowMoments { mean, covariance }
    }

    /// Packed weights and bias of the convolution with its norm folded in. A bias that the convolution has moves the
    /// mean by as much, and so changes nothing.
    pub fn fold(&self, conv: &WaveformConv, epsilon: f32) -> (Vec<f32>, Vec<f32>) {
        let panels = conv.weight.panels();
        let (norm_weight, norm_bias) = (conv.norm.0.values(), conv.norm.1.values());
        let mut scales = Vec::with_capacity(panels.n());
        let mut bias = Vec::with_capacity(panels.n());
        for channel in 0..panels.n() {
            let weights: Vec<f64> =
                (0..panels.k()).map(|input| f64::from(panels.weight(channel, input))).collect();
            let deviation = (self.variance(&weights) + f64::from(epsilon)).sqrt();
            let scale = f64::from(norm_weight[channel]) / deviation;
            let mean: f64 = weights.iter().zip(&self.mean).map(|(w, mean)| w * mean).sum();
            scales.push(scale as f32);
            bias.push((f64::from(norm_bias[channel]) - mean * scale) as f32);
        }
        (pack::scaled_panels_f32(&panels, &scales), bias)
    }

    /// `wᵀ · covariance · w`; rounding may take a constant channel's below zero, which is left out.
    fn variance(&self, weights: &[f64]) -> f64 {
        let kernel = weights.len();
        let mut variance = 0.0;
        for i in 0..kernel {
            let row = &self.covariance[i * kernel..][..=i];
            let below: f64 = row[..i].iter().zip(weights).map(|(c, w)| c * w).sum();
            variance += weights[i] * (2.0 * below + row[i] * weights[i]);
        }
        variance.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::WindowMoments;

    #[test]
    fn variance_is_that_of_the_convolved_signal() {
        let waveform: Vec<f32> = (0..997).map(|i| ((i * i) % 89) as f32 / 89.0 + 3.0).collect();
        let weights = [0.5, -1.0, 0.25, 2.0];
        let convolved: Vec<f64> = waveform
            .windows(4)
            .step_by(3)
            .map(|window| window.iter().zip(weights).map(|(&x, w)| f64::from(x) * w).sum())
            .collect();
        let count = convolved.len() as f64;
        let mean = convolved.iter().sum::<f64>() / count;
        let variance = convolved.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        let moments = WindowMoments::of(&waveform, 4, 3);
        assert!((moments.variance(&weights) - variance).abs() < 1e-12, "{variance}");
    }

    #[test]
    fn silence_has_no_variance() {
        assert_eq!(WindowMoments::of(&[0.1; 400], 10, 5).variance(&[0.7; 10]), 0.0);
    }
}
