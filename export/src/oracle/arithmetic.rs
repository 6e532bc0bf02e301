//! The few operations that WavLM is made of, on matrices of frames × channels.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};
use wavlm_format::Activation;

/// Most numbers of unfolded windows that are in memory at once: 64 MB.
const MAX_WINDOWS: usize = 1 << 24;

/// A convolution over frames: `weight` is rows × (taps · channels), tap slow.
/// There must be at least one output frame.
pub(super) fn convolve(
    frames: ArrayView2<'_, f32>,
    weight: ArrayView2<'_, f32>,
    stride: usize,
    dilation: usize,
) -> Array2<f32> {
    let channels = frames.ncols();
    let frames = frames.as_standard_layout();
    let frames = frames.as_slice().expect("standard layout is one slice");
    let taps = weight.ncols() / channels;
    let count = (frames.len() / channels - (taps - 1) * dilation - 1) / stride + 1;
    let mut out = Array2::zeros((count, weight.nrows()));
    let block = (MAX_WINDOWS / weight.ncols()).clamp(1, count);
    let mut windows = Array2::zeros((block, weight.ncols()));
    for first in (0..count).step_by(block) {
        let rows = block.min(count - first);
        for (row, mut window) in (first..first + rows).zip(windows.rows_mut()) {
            let window = window.as_slice_mut().expect("rows of a standard layout");
            // Without dilation, the window is one run of the frames.
            let run = if dilation == 1 { taps } else { 1 } * channels;
            for (i, part) in window.chunks_exact_mut(run).enumerate() {
                part.copy_from_slice(&frames[(row * stride + i * dilation) * channels..][..run]);
            }
        }
        out.slice_mut(s![first..first + rows, ..]).assign(&windows.slice(s![..rows, ..]).dot(&weight.t()));
    }
    out
}

/// `frames` between `padding` frames of zeros on both sides.
pub(super) fn pad(frames: ArrayView2<'_, f32>, padding: usize) -> Array2<f32> {
    let mut padded = Array2::zeros((frames.nrows() + 2 * padding, frames.ncols()));
    padded.slice_mut(s![padding..padding + frames.nrows(), ..]).assign(&frames);
    padded
}

/// Zero mean and unit (population) variance along each lane of `axis`; then scale and shift per channel.
pub(super) fn normalise(
    frames: &Array2<f32>,
    axis: Axis,
    eps: f32,
    weight: ArrayView1<'_, f32>,
    bias: ArrayView1<'_, f32>,
) -> Array2<f32> {
    let mut out = frames.clone();
    for mut lane in out.lanes_mut(axis) {
        let count = lane.len() as f64;
        let mean = lane.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let variance = lane.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + f64::from(eps)).sqrt();
        lane.mapv_inplace(|x| ((f64::from(x) - mean) * scale) as f32);
    }
    out *= &weight;
    out += &bias;
    out
}

/// Applies the activation to every value.
pub(super) fn activate(activation: Activation, frames: &mut Array2<f32>) {
    let function: fn(f64) -> f64 = match activation {
        Activation::Gelu => |x| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
        Activation::GeluNew => {
            |x| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Activation::Relu => |x| x.max(0.0),
        Activation::Selu => |x| {
            let (lambda, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
            lambda * if x > 0.0 { x } else { alpha * x.exp_m1() }
        },
        Activation::Silu => |x| x * sigmoid(x),
        Activation::Tanh => f64::tanh,
    };
    frames.mapv_inplace(|x| function(f64::from(x)) as f32);
}

/// The logistic function.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Softmax of each row.
pub(super) fn softmax_rows(scores: &mut Array2<f32>) {
    for mut row in scores.rows_mut() {
        let max = row.fold(f32::NEG_INFINITY, |max, &x| max.max(x));
        row.mapv_inplace(|x| (x - max).exp());
        let sum: f64 = row.iter().map(|&x| f64::from(x)).sum();
        row.mapv_inplace(|x| (f64::from(x) / sum) as f32);
    }
}
