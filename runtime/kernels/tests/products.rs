//! Matrix products of every table against plain loops written here, over ragged shapes.

#![allow(missing_docs, reason = "a test")]

use wavlm_kernels::{Epilogue, Kernels, MatMut, PanelsF32, PanelsI8, RowsF32, RowsI8, pack, padded};

const ROWS: [usize; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33];
const COLUMNS: [usize; 7] = [1, 15, 16, 17, 32, 48, 50];
const DEPTHS: [usize; 10] = [1, 3, 4, 15, 16, 17, 64, 100, 768, 3072];

/// xorshift64*: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    /// In ±127, both ends included, and often: the products' 16-bit sums must bear the extremes.
    fn code(&mut self) -> i8 {
        match self.next() % 8 {
            0 => 127,
            1 => -127,
            _ => (self.next() % 255) as i8 as i32 as i8,
        }
        .max(-127)
    }

    fn codes(&mut self, n: usize) -> Vec<i8> {
        (0..n).map(|_| self.code()).collect()
    }

    /// In [-1, 1).
    fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next() as f32 / 2f32.powi(31) - 1.0).collect()
    }
}

struct Int8 {
    rows: usize,
    n: usize,
    k: usize,
    stride: usize,
    codes: Vec<i8>,
    row_scales: Vec<f32>,
    weights: Vec<i8>,
    packed: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
}

impl Int8 {
    fn new(rows: usize, n: usize, k: usize, stride: usize) -> Self {
        let mut numbers = Numbers((rows * 1_000_003 + n * 1009 + k) as u64);
        let weights = numbers.codes(n * k);
        let mut scales: Vec<f32> = numbers.floats(n).iter().map(|x| x.abs() * 1e-2 + 1e-3).collect();
        scales.resize(padded(n), 0.0);
        Self {
            codes: numbers.codes((rows - 1) * stride + padded(k)),
            row_scales: numbers.floats(rows).iter().map(|x| x.abs() * 1e-2).collect(),
            packed: pack::panels_i8(&weights, n, k),
            sums: pack::sums_i8(&weights, n, k),
            weights,
            scales,
            rows,
            n,
            k,
            stride,
        }
    }

    fn panels(&self) -> PanelsI8<'_> {
        PanelsI8::new(&self.packed, &self.scales, &self.sums, self.n, self.k)
    }

    fn encoded(&self, kernels: &Kernels) -> Vec<u8> {
        self.codes.iter().map(|&c| c as u8 ^ kernels.zero_code()).collect()
    }

    fn expected(&self, m: usize, n: usize) -> f32 {
        let row = &self.codes[m * self.stride..][..self.k];
        let weights = &self.weights[n * self.k..][..self.k];
        let sum: i32 = row.iter().zip(weights).map(|(&a, &w)| i32::from(a) * i32::from(w)).sum();
        sum as f32 * self.row_scales[m] * self.scales[n]
    }

    /// Bit for bit, through a window with a margin that must stay untouched.
    fn check(&self, kernels: &Kernels) {
        let codes = self.encoded(kernels);
        let rows = RowsI8::new(&codes, self.stride, self.rows, &self.row_scales);
        let stride = self.n + 3;
        let mut out = vec![7.5; self.rows * stride];
        kernels.matmul_i8(
            &rows,
            &self.panels(),
            &Epilogue::default(),
            MatMut::new(&mut out, self.rows, self.n, stride),
        );
        for (m, row) in out.chunks_exact(stride).enumerate() {
            for (n, &x) in row.iter().enumerate() {
                let expected = if n < self.n { self.expected(m, n) } else { 7.5 };
                assert_eq!(
                    x.to_bits(),
                    expected.to_bits(),
                    "{} {}x{}x{}: row {m}, column {n}: {x}, expected {expected}",
                    kernels.name(),
                    self.rows,
                    self.n,
                    self.k
                );
            }
        }
    }
}

#[test]
fn int8_products_are_exact() {
    for kernels in Kernels::available() {
        for rows in ROWS {
            for n in COLUMNS {
                for k in DEPTHS {
                    Int8::new(rows, n, k, padded(k)).check(kernels);
                }
            }
        }
    }
}

#[test]
fn int8_rows_may_overlap() {
    for kernels in Kernels::available() {
        for (k, stride) in [(64, 16), (100, 7), (768, 512), (17, 1), (16, 0)] {
            Int8::new(9, 33, k, stride).check(kernels);
        }
    }
}

#[test]
fn f32_products_are_close() {
    for kernels in Kernels::available() {
        for rows in ROWS {
            for n in COLUMNS {
                for k in DEPTHS {
                    check_f32(kernels, rows, n, k, k);
                }
            }
        }
    }
}

#[test]
fn f32_rows_may_overlap() {
    for kernels in Kernels::available() {
        for (k, stride) in [(64, 16), (100, 7), (768, 512), (17, 1), (16, 0)] {
            check_f32(kernels, 9, 33, k, stride);
        }
    }
}

fn check_f32(kernels: &Kernels, rows: usize, n: usize, k: usize, stride: usize) {
    let mut numbers = Numbers((rows * 1_000_003 + n * 1009 + k) as u64);
    let a = numbers.floats((rows - 1) * stride + k);
    let w = numbers.floats(n * k);
    let packed = pack::panels_f32(&w, k, n, k);
    let mut out = vec![7.5; rows * n];
    kernels.matmul_f32(
        &RowsF32::new(&a, stride, rows),
        &PanelsF32::new(&packed, n, k),
        &Epilogue::default(),
        MatMut::new(&mut out, rows, n, n),
    );
    for (i, &x) in out.iter().enumerate() {
        let (row, weights) = (&a[i / n * stride..][..k], &w[i % n * k..][..k]);
        let products = || row.iter().zip(weights).map(|(&a, &w)| f64::from(a) * f64::from(w));
        let expected: f64 = products().sum();
        // Each of the k additions rounds a partial sum no larger than the sum of magnitudes.
        let bound = f64::from(f32::EPSILON) * (k as f64).sqrt() * products().map(f64::abs).sum::<f64>();
        assert!(
            (f64::from(x) - expected).abs() <= bound,
            "{} {rows}x{n}x{k}: element {i}: {x}, expected {expected}",
            kernels.name()
        );
    }
}
