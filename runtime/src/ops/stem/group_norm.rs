//! The group norm behind the first convolution: one group per channel, statistics over the whole utterance.
//!
//! A channel of the convolution is `w · window + b`, so its mean is `w · mean + b` and its variance `wᵀ · covariance · w`,
//! of the windows' own mean and covariance. Those are a few sums over the waveform: the convolution itself, with hundreds
//! of channels, needs to be computed only once.

use wavlm_kernels::pack;

use super::WaveformConv;

/// Longest kernel whose covariance is computed: half a megabyte. The published models have 10 taps. For longer ones, which
/// nobody trains, the variance is taken from the windows themselves.
const MAX_COVARIANCE_KERNEL: usize = 256;

/// Mean and spread of the windows that the first convolution reads.
pub(super) struct WindowMoments<'a> {
    mean: Vec<f64>,
    spread: Spread<'a>,
}

enum Spread<'a> {
    /// Population covariance, `kernel × kernel`, row-major; the part above the diagonal is left zero.
    Covariance(Vec<f64>),
    /// The waveform, and how far apart the windows are.
    Windows(&'a [f32], usize),
}

impl<'a> WindowMoments<'a> {
    /// Windows of `kernel` samples, `stride` apart; there must be at least one.
    pub fn of(waveform: &'a [f32], kernel: usize, stride: usize) -> WindowMoments<'a> {
        if kernel > MAX_COVARIANCE_KERNEL {
            return WindowMoments {
                mean: mean(waveform, kernel, stride),
                spread: Spread::Windows(waveform, stride),
            };
        }
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
        let count = windows(waveform, kernel, stride);
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let mut covariance = products;
        for i in 0..kernel {
            for j in 0..=i {
                let product = covariance[i * kernel + j] / count;
                covariance[i * kernel + j] = product - mean[i] * mean[j];
            }
        }
        WindowMoments { mean, spread: Spread::Covariance(covariance) }
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

    /// Population variance of `w · window`; rounding may take a constant channel's below zero, which is left out.
    fn variance(&self, weights: &[f64]) -> f64 {
        let kernel = weights.len();
        match &self.spread {
            Spread::Covariance(covariance) => {
                let mut variance = 0.0;
                for i in 0..kernel {
                    let row = &covariance[i * kernel..][..=i];
                    let below: f64 = row[..i].iter().zip(weights).map(|(c, w)| c * w).sum();
                    variance += weights[i] * (2.0 * below + row[i] * weights[i]);
                }
                variance.max(0.0)
            }
            &Spread::Windows(waveform, stride) => {
                let square = |samples: &[f32]| {
                    let centred = samples.iter().zip(&self.mean).map(|(&x, mean)| f64::from(x) - mean);
                    centred.zip(weights).map(|(x, w)| x * w).sum::<f64>().powi(2)
                };
                let sum: f64 = waveform.windows(kernel).step_by(stride).map(square).sum();
                sum / windows(waveform, kernel, stride)
            }
        }
    }
}

fn windows(waveform: &[f32], kernel: usize, stride: usize) -> f64 {
    ((waveform.len() - kernel) / stride + 1) as f64
}

fn mean(waveform: &[f32], kernel: usize, stride: usize) -> Vec<f64> {
    let mut sums = vec![0.0; kernel];
    for samples in waveform.windows(kernel).step_by(stride) {
        sums.iter_mut().zip(samples).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let count = windows(waveform, kernel, stride);
    sums.into_iter().map(|sum| sum / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_is_that_of_the_convolved_signal() {
        let waveform: Vec<f32> = (0..2997).map(|i| ((i * i) % 89) as f32 / 89.0 + 3.0).collect();
        for kernel in [4, MAX_COVARIANCE_KERNEL, MAX_COVARIANCE_KERNEL + 1] {
            let weights: Vec<f64> = (0..kernel).map(|i| ((i * 7) % 5) as f64 / 4.0 - 0.6).collect();
            let convolved: Vec<f64> = waveform
                .windows(kernel)
                .step_by(3)
                .map(|window| window.iter().zip(&weights).map(|(&x, w)| f64::from(x) * w).sum())
                .collect();
            let count = convolved.len() as f64;
            let mean = convolved.iter().sum::<f64>() / count;
            let variance = convolved.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let moments = WindowMoments::of(&waveform, kernel, 3);
            assert!((moments.variance(&weights) / variance - 1.0).abs() < 1e-9, "{kernel}: {variance}");
        }
    }

    #[test]
    fn silence_has_no_variance() {
        assert_eq!(WindowMoments::of(&[0.1; 400], 10, 5).variance(&[0.7; 10]), 0.0);
    }
}
