use wavlm_kernels::{Kernels, MatMut};

use super::head::Head;
use super::{Bias, KEY_BLOCK, Qkv};

/// Queries and keys whose products differ little, so that the bias decides: its waves are about as long as a block of keys,
/// and the largest scores of neighbouring blocks lie far apart. Each block's values have another range, one column none.
fn mixed(kernels: &'static Kernels, frames: usize, valid: usize, head_dim: usize, int8: bool) -> Vec<f32> {
    let wave = |i: usize| (i as f32 * 0.7).sin() + (i as f32 * 0.013).cos();
    let mut qkv: Vec<f32> = (0..frames * 3 * head_dim).map(|i| 0.5 * wave(i)).collect();
    for (frame, row) in qkv.chunks_exact_mut(3 * head_dim).enumerate() {
        let values = &mut row[2 * head_dim..];
        values.iter_mut().for_each(|value| *value *= 1.0 + (frame / KEY_BLOCK) as f32);
        if head_dim > 1 {
            values[head_dim - 1] = 0.0;
        }
    }
    let gates: Vec<f32> = (0..frames).map(|i| 4.0 + wave(i)).collect();
    let table: Vec<f32> = (0..2 * frames - 1).map(|i| 1.5 * (i as f32 * 0.012).sin()).collect();
    let qkv = Qkv {
        data: &qkv,
        kept: head_dim,
        values: &qkv[2 * head_dim..],
        value_stride: 3 * head_dim,
        head_dim,
        frames,
    };
    let bias = Bias { gates: &gates, heads: 1, table: &table };
    let mut out = vec![f32::NAN; frames * head_dim];
    let context = MatMut::dense(&mut out, frames, head_dim);
    Head::new(kernels, qkv, bias, valid, int8).attend(context, None);
    out
}

#[test]
fn int8_mixes_as_f32_does_across_blocks() {
    for kernels in Kernels::available() {
        for (frames, valid) in [(1, 1), (48, 48), (49, 17), (257, 257), (300, 255), (513, 256), (600, 513)] {
            for head_dim in [1, 20, 64] {
                let exact = mixed(kernels, frames, valid, head_dim, false);
                let found = mixed(kernels, frames, valid, head_dim, true);
                let largest = exact.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                for (i, (x, y)) in exact.iter().zip(&found).enumerate() {
                    let name = kernels.name();
                    assert!(
                        (x - y).abs() <= 0.02 * largest,
                        "{name}, {valid} of {frames} frames by {head_dim}, element {i}: {y}, in f32 {x}"
                    );
                }
            }
        }
    }
}
