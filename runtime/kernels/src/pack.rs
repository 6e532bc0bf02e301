//! Layouts of right operands.
//!
//! int8, `[n/16][k/4][16][4]`: a panel of 16 output columns holds, for every four inputs, four consecutive weights
//! of each column. One 64-byte line feeds AVX-512 whole, AVX2 in halves, SDOT in quarters, SMULL in eighths. Both
//! sides are padded with zeros to multiples of 16. f32, `[n/16][k][16]`, padded in `n` alone.

use crate::layout::{GROUP, GROUP_I4, MAX_MULTIPLIER_I4, PANEL, ZERO_I4, padded};
use crate::types::PanelsF32;

/// Packs row-major `weights` (`n × k`, in ±127); see the [module](self).
///
/// # Panics
/// If the length is not `n · k`, or a weight is -128, which the kernels' 16-bit sums have no room for.
pub fn panels_i8(weights: &[i8], n: usize, k: usize) -> Vec<i8> {
    assert_eq!(weights.len(), n * k, "weights of {n} x {k}");
    assert!(!weights.contains(&i8::MIN), "weights must lie in ±127");
    let depth = padded(k);
    let mut packed = vec![0; padded(n) * depth];
    for (row, weights) in weights.chunks_exact(k.max(1)).enumerate() {
        let panel = &mut packed[row / PANEL * PANEL * depth..][..PANEL * depth];
        for (i, &w) in weights.iter().enumerate() {
            panel[i / 4 * 4 * PANEL + row % PANEL * 4 + i % 4] = w;
        }
    }
    packed
}

/// Packs row-major int4 `codes` (`n × k`, 0 to 15): `[n/16][k/32][4][64]` bytes, each with the codes of two lines of the int8
/// panel, the earlier one in its low half. Both sides are padded, `k` to a multiple of 32, with the code of zero.
///
/// # Panics
/// If the length is not `n · k`, or a code has more than four bits.
pub fn panels_i4(codes: &[u8], n: usize, k: usize) -> Vec<u8> {
    assert_eq!(codes.len(), n * k, "codes of {n} x {k}");
    assert!(codes.iter().all(|&code| code < 16), "codes must have four bits");
    let depth = k.next_multiple_of(GROUP_I4);
    let mut packed = vec![ZERO_I4 << 4 | ZERO_I4; padded(n) * depth / 2];
    for (row, codes) in codes.chunks_exact(k.max(1)).enumerate() {
        let panel = &mut packed[row / PANEL * PANEL * depth / 2..][..PANEL * depth / 2];
        for (i, &code) in codes.iter().enumerate() {
            let (line, lane) = (i / GROUP, row % PANEL * GROUP + i % GROUP);
            let byte = &mut panel[line / 2 * GROUP * PANEL + lane];
            let shift = line % 2 * 4;
            *byte = *byte & !(15 << shift) | code << shift;
        }
    }
    packed
}

/// Packs row-major `multipliers` (`n ×` groups of 32 inputs): `[n/16][groups][16]`, padded with zeros.
///
/// # Panics
/// If the length does not fit, or a multiplier is larger than [`MAX_MULTIPLIER_I4`].
pub fn multipliers_i4(multipliers: &[u8], n: usize, k: usize) -> Vec<u8> {
    let groups = k.div_ceil(GROUP_I4);
    assert_eq!(multipliers.len(), n * groups, "multipliers of {n} x {k}");
    assert!(multipliers.iter().all(|&factor| factor <= MAX_MULTIPLIER_I4), "multipliers have four bits");
    let mut packed = vec![0; padded(n) * groups];
    for (row, multipliers) in multipliers.chunks_exact(groups.max(1)).enumerate() {
        let panel = &mut packed[row / PANEL * PANEL * groups..];
        for (group, &multiplier) in multipliers.iter().enumerate() {
            panel[group * PANEL + row % PANEL] = multiplier;
        }
    }
    packed
}

/// Sum of each row of row-major `weights` (`n × k`), padded with zeros like the columns of a panel.
///
/// # Panics
/// If the length is not `n · k`.
pub fn sums_i8(weights: &[i8], n: usize, k: usize) -> Vec<i32> {
    assert_eq!(weights.len(), n * k, "weights of {n} x {k}");
    let mut sums = vec![0; padded(n)];
    for (sum, row) in sums.iter_mut().zip(weights.chunks_exact(k.max(1))) {
        *sum = row.iter().map(|&w| i32::from(w)).sum();
    }
    sums
}

/// Packs `n` rows of `k` values, `stride` apart: weights, or keys for the product `q · kᵀ`.
///
/// # Panics
/// If the rows do not fit.
pub fn panels_f32(rows: &[f32], stride: usize, n: usize, k: usize) -> Vec<f32> {
    let mut packed = vec![0.0; padded(n) * k];
    panels_f32_into(rows, stride, n, k, &mut packed);
    packed
}

/// [`panels_f32`] into `out`, of `padded(n) · k` values.
///
/// # Panics
/// If the rows or the output do not fit.
pub fn panels_f32_into(rows: &[f32], stride: usize, n: usize, k: usize, out: &mut [f32]) {
    assert_eq!(out.len(), padded(n) * k, "panels of {n} x {k}");
    for (panel, out) in out.chunks_exact_mut((PANEL * k).max(1)).enumerate() {
        let out = out.as_chunks_mut::<PANEL>().0;
        for lane in 0..PANEL {
            let row = panel * PANEL + lane;
            if row < n {
                let row = &rows[row * stride..][..k];
                out.iter_mut().zip(row).for_each(|(out, &x)| out[lane] = x);
            } else {
                out.iter_mut().for_each(|out| out[lane] = 0.0);
            }
        }
    }
}

/// A copy of panels, each output column multiplied by its scale.
///
/// # Panics
/// If there is not one scale per column.
pub fn scaled_panels_f32(panels: &PanelsF32, scales: &[f32]) -> Vec<f32> {
    assert_eq!(scales.len(), panels.n(), "one scale per output column");
    let mut scaled = vec![0.0; padded(panels.n()) * panels.k()];
    for (panel, scaled) in scaled.chunks_exact_mut((PANEL * panels.k()).max(1)).enumerate() {
        let scales = &scales[panel * PANEL..panels.n().min((panel + 1) * PANEL)];
        let weights = panels.from(panel).as_chunks::<PANEL>().0;
        for (scaled, weights) in scaled.as_chunks_mut::<PANEL>().0.iter_mut().zip(weights) {
            scaled.iter_mut().zip(weights).zip(scales).for_each(|((to, w), scale)| *to = w * scale);
        }
    }
    scaled
}

/// Packs `k` rows of `n` values, `stride` apart, as `n` columns over `k` inputs: values for the product
/// `attention · v`. `out` has `padded(n) · k` values.
///
/// # Panics
/// If the rows or the output do not fit.
pub fn transposed_f32_into(rows: &[f32], stride: usize, k: usize, n: usize, out: &mut [f32]) {
    assert_eq!(out.len(), padded(n) * k, "panels of {n} x {k}");
    for (panel, out) in out.chunks_exact_mut((PANEL * k).max(1)).enumerate() {
        let columns = panel * PANEL..n.min((panel + 1) * PANEL);
        for (i, out) in out.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
            let row = &rows[i * stride..][columns.clone()];
            if let Ok(whole) = row.try_into() {
                *out = whole;
                continue;
            }
            let (used, rest) = out.split_at_mut(row.len());
            used.copy_from_slice(row);
            rest.fill(0.0);
        }
    }
}
