//! Matrix products of every table against plain loops written here, over ragged shapes.

#![allow(missing_docs, reason = "a test")]

mod common;

use common::{Numbers, unless_miri};
use wavlm_kernels::{
    Activation, Epilogue, Kernels, MAX_INPUTS_I8, MatMut, PanelsF32, PanelsI8, RowsF32, RowsI8, pack, padded,
};

const ROWS: &[usize] = unless_miri(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 33], &[1, 9]);
const COLUMNS: &[usize] = unless_miri(&[1, 15, 16, 17, 32, 48, 50], &[1, 33]);
const DEPTHS: &[usize] = unless_miri(&[1, 3, 4, 15, 16, 17, 64, 100, 768, 1040, 3072], &[1, 16]);
/// Inner dimension and stride of rows that overlap.
const OVERLAPS: &[(usize, usize)] =
    unless_miri(&[(64, 16), (100, 7), (768, 512), (17, 1), (16, 0)], &[(17, 1)]);

/// What an epilogue may do with a sum. What each activation does is the business of the elementwise tests.
const ACTIVATIONS: &[Option<Activation>] = unless_miri(
    &[
        None,
        Some(Activation::Gelu),
        Some(Activation::GeluNew),
        Some(Activation::Relu),
        Some(Activation::Selu),
        Some(Activation::Silu),
        Some(Activation::Tanh),
    ],
    &[None, Some(Activation::Relu)],
);

/// In ±127, the ends often: the kernels' 16-bit sums must bear them.
fn codes(numbers: &mut Numbers, n: usize) -> Vec<i8> {
    let code = |x: u64| match x % 8 {
        0 => 127,
        1 => -127,
        _ => (x / 8 % 255) as i16 as i8,
    };
    (0..n).map(|_| code(numbers.next()).max(-127)).collect()
}

/// An int8 product and its operands.
struct Int8 {
    rows: usize,
    n: usize,
    k: usize,
    stride: usize,
    codes: Vec<i8>,
    row_scales: Vec<f32>,
    offsets: Vec<f32>,
    weights: Vec<i8>,
    packed: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
}

impl Int8 {
    fn new(rows: usize, n: usize, k: usize, stride: usize) -> Self {
        let mut numbers = Numbers((rows * 1_000_003 + n * 1009 + k) as u64);
        let weights = codes(&mut numbers, n * k);
        let mut scales: Vec<f32> = numbers.floats(n).iter().map(|x| x.abs() * 1e-2 + 1e-3).collect();
        scales.resize(padded(n), 0.0);
        Self {
            codes: codes(&mut numbers, (rows - 1) * stride + padded(k)),
            row_scales: numbers.floats(rows).iter().map(|x| x.abs() * 1e-2).collect(),
            offsets: numbers.floats(rows),
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

    /// Before activation, in the order in which the kernels round: scales, the term of the offset, bias.
    fn expected(&self, m: usize, n: usize, bias: f32) -> f32 {
        let row = &self.codes[m * self.stride..][..self.k];
        let weights = &self.weights[n * self.k..][..self.k];
        let sum: i32 = row.iter().zip(weights).map(|(&a, &w)| i32::from(a) * i32::from(w)).sum();
        let weight_sum = weights.iter().map(|&w| i32::from(w)).sum::<i32>() as f32 * self.scales[n];
        (sum as f32 * self.row_scales[m]).mul_add(self.scales[n], self.offsets[m].mul_add(weight_sum, bias))
    }

    fn run(&self, kernels: &Kernels, epilogue: &Epilogue, out: MatMut) {
        let codes = self.encoded(kernels);
        let rows = RowsI8::new(&codes, self.stride, &self.row_scales, &self.offsets);
        kernels.matmul_i8(&rows, &self.panels(), epilogue, out);
    }

    /// Bit for bit, into a window with a margin that must stay untouched.
    fn check(&self, kernels: &Kernels) {
        let stride = self.n + 3;
        let mut out = vec![7.5; self.rows * stride];
        self.run(kernels, &Epilogue::default(), MatMut::new(&mut out, self.rows, self.n, stride));
        for (m, row) in out.chunks_exact(stride).enumerate() {
            for (n, &x) in row.iter().enumerate() {
                let expected = if n < self.n { self.expected(m, n, 0.0) } else { 7.5 };
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

/// An f32 product and its operands.
struct Float {
    rows: usize,
    n: usize,
    k: usize,
    stride: usize,
    a: Vec<f32>,
    weights: Vec<f32>,
    packed: Vec<f32>,
}

impl Float {
    fn new(rows: usize, n: usize, k: usize, stride: usize) -> Self {
        let mut numbers = Numbers((rows * 1_000_003 + n * 1009 + k) as u64);
        let weights = numbers.floats(n * k);
        Self {
            a: numbers.floats((rows - 1) * stride + k),
            packed: pack::panels_f32(&weights, k, n, k),
            weights,
            rows,
            n,
            k,
            stride,
        }
    }

    fn run(&self, kernels: &Kernels, epilogue: &Epilogue, out: MatMut) {
        let rows = RowsF32::new(&self.a, self.stride, self.rows);
        kernels.matmul_f32(&rows, &PanelsF32::new(&self.packed, self.n, self.k), epilogue, out);
    }

    fn plain(&self, kernels: &Kernels) -> Vec<f32> {
        let mut out = vec![7.5; self.rows * self.n];
        self.run(kernels, &Epilogue::default(), MatMut::dense(&mut out, self.rows, self.n));
        out
    }

    fn check(&self, kernels: &Kernels) {
        for (i, x) in self.plain(kernels).into_iter().enumerate() {
            let row = &self.a[i / self.n * self.stride..][..self.k];
            let weights = &self.weights[i % self.n * self.k..][..self.k];
            let products = || row.iter().zip(weights).map(|(&a, &w)| f64::from(a) * f64::from(w));
            let expected: f64 = products().sum();
            // Each of k additions rounds a partial sum no larger than the sum of magnitudes, up or down as likely.
            let magnitude = products().map(f64::abs).sum::<f64>();
            let bound = f64::from(f32::EPSILON) * (self.k as f64).sqrt() * magnitude;
            assert!(
                (f64::from(x) - expected).abs() <= bound,
                "{} {}x{}x{}: element {i}: {x}, expected {expected}",
                kernels.name(),
                self.rows,
                self.n,
                self.k
            );
        }
    }
}

/// Calls `check` with every table and shape: rows, columns, depth.
fn for_all_shapes(check: impl Fn(&Kernels, usize, usize, usize)) {
    for kernels in Kernels::available() {
        for &rows in ROWS {
            for &n in COLUMNS {
                for &k in DEPTHS {
                    check(kernels, rows, n, k);
                }
            }
        }
    }
}

#[test]
fn int8_products_are_exact() {
    for_all_shapes(|kernels, rows, n, k| Int8::new(rows, n, k, padded(k)).check(kernels));
}

#[test]
fn f32_products_are_close() {
    for_all_shapes(|kernels, rows, n, k| Float::new(rows, n, k, k).check(kernels));
}

#[test]
fn rows_may_overlap() {
    for kernels in Kernels::available() {
        for &(k, stride) in OVERLAPS {
            let (rows, n) = unless_miri((9, 33), (3, 17));
            Int8::new(rows, n, k, stride).check(kernels);
            Float::new(rows, n, k, stride).check(kernels);
        }
    }
}

#[test]
fn extreme_codes_do_not_overflow() {
    for kernels in Kernels::available() {
        for (code, weight) in [(127, 127), (127, -127), (-127, 127), (-127, -127)] {
            let shapes = unless_miri([(13, 32, 3072), (1, 1, MAX_INPUTS_I8)].as_slice(), &[(1, 1, 16)]);
            for &(rows, n, k) in shapes {
                let mut product = Int8::new(rows, n, k, padded(k));
                product.codes.fill(code);
                product.weights.fill(weight);
                product.packed = pack::panels_i8(&product.weights, product.n, product.k);
                product.sums = pack::sums_i8(&product.weights, product.n, product.k);
                product.check(kernels);
            }
        }
    }
}

#[test]
fn epilogue_adds_bias_then_activates_then_accumulates() {
    for kernels in Kernels::available() {
        for &(rows, n, k) in unless_miri([(1, 1, 16), (9, 50, 64), (33, 17, 100)].as_slice(), &[(1, 17, 1)]) {
            let (int8, float) = (Int8::new(rows, n, k, padded(k)), Float::new(rows, n, k, k));
            let bias = Numbers(5).floats(n);
            let before = Numbers(6).floats(rows * n);
            for &activation in ACTIVATIONS {
                for accumulate in [false, true] {
                    let epilogue = Epilogue { bias: Some(&bias), activation, accumulate };
                    let finish = |biased: Vec<f32>| {
                        let mut expected = biased;
                        if let Some(activation) = activation {
                            kernels.activate(activation, &mut expected);
                        }
                        if accumulate {
                            expected.iter_mut().zip(&before).for_each(|(x, before)| *x += before);
                        }
                        expected
                    };
                    let case = format!("{} {rows}x{n}x{k} {activation:?} {accumulate}", kernels.name());

                    let mut out = before.clone();
                    int8.run(kernels, &epilogue, MatMut::dense(&mut out, rows, n));
                    let biased = (0..rows * n).map(|i| int8.expected(i / n, i % n, bias[i % n])).collect();
                    assert_eq!(out, finish(biased), "int8 {case}");

                    let mut out = before.clone();
                    float.run(kernels, &epilogue, MatMut::dense(&mut out, rows, n));
                    let biased =
                        float.plain(kernels).iter().enumerate().map(|(i, x)| x + bias[i % n]).collect();
                    assert_eq!(out, finish(biased), "f32 {case}");
                }
            }
        }
    }
}

/// One row and one panel at a time give the same bits as all at once: so may threads split the work anywhere.
#[test]
fn elements_do_not_depend_on_their_neighbours() {
    for kernels in Kernels::available() {
        let (rows, n, k) = unless_miri((33, 50, 100), (6, 50, 2));
        let float = Float::new(rows, n, k, k);
        let whole = float.plain(kernels);
        let panels = PanelsF32::new(&float.packed, n, k);
        let mut out = vec![0.0; rows * n];
        let windows = MatMut::dense(&mut out, rows, n).column_blocks(16).enumerate();
        for (panel, columns) in windows {
            for (row, window) in columns.row_blocks(1).enumerate() {
                kernels.matmul_f32(
                    &RowsF32::new(&float.a[row * k..], k, 1),
                    &panels.panels(panel..panel + 1),
                    &Epilogue::default(),
                    window,
                );
            }
        }
        assert_eq!(out, whole, "{}", kernels.name());

        let int8 = Int8::new(rows, n, k, padded(k));
        let codes = int8.encoded(kernels);
        let mut out = vec![0.0; rows * n];
        let (left, right) = MatMut::dense(&mut out, rows, n).split_columns(32);
        for (range, window) in [(0..2, left), (2..4, right)] {
            let (above, below) = window.split_rows(5);
            for (first, window) in [(0, above), (5, below)] {
                let part = first..first + window.rows();
                let (scales, offsets) = (&int8.row_scales[part.clone()], &int8.offsets[part]);
                kernels.matmul_i8(
                    &RowsI8::new(&codes[first * padded(k)..], padded(k), scales, offsets),
                    &int8.panels().panels(range.clone()),
                    &Epilogue::default(),
                    window,
                );
            }
        }
        let expected: Vec<f32> = (0..rows * n).map(|i| int8.expected(i / n, i % n, 0.0)).collect();
        assert_eq!(out, expected, "{}", kernels.name());
    }
}

#[test]
fn threads_may_share_the_columns() {
    for kernels in Kernels::available() {
        let (rows, n, k) = unless_miri((9, 100, 64), (1, 100, 16));
        let int8 = Int8::new(rows, n, k, k);
        let codes = int8.encoded(kernels);
        let a = RowsI8::new(&codes, k, &int8.row_scales, &int8.offsets);
        let mut out = vec![0.0; rows * n];
        std::thread::scope(|scope| {
            for (block, window) in MatMut::dense(&mut out, rows, n).column_blocks(32).enumerate() {
                let panels = int8.panels();
                let panels = panels.panels(2 * block..panels.count().min(2 * block + 2));
                scope.spawn(move || kernels.matmul_i8(&a, &panels, &Epilogue::default(), window));
            }
        });
        let expected: Vec<f32> = (0..rows * n).map(|i| int8.expected(i / n, i % n, 0.0)).collect();
        assert_eq!(out, expected, "{}", kernels.name());
    }
}

/// A sum over blocks of the inner dimension, as attention takes its values.
#[test]
fn inner_dimension_may_be_split() {
    for kernels in Kernels::available() {
        let (rows, n, k) = unless_miri((9, 50, 100), (1, 17, 100));
        let float = Float::new(rows, n, k, k);
        let panels = PanelsF32::new(&float.packed, n, k);
        let mut out = vec![0.0; rows * n];
        for block in [0..37, 37..99, 99..100] {
            kernels.matmul_f32(
                &RowsF32::new(&float.a[block.start..], k, rows),
                &panels.k_range(block),
                &Epilogue { accumulate: true, ..Epilogue::default() },
                MatMut::dense(&mut out, rows, n),
            );
        }
        for (x, whole) in out.iter().zip(float.plain(kernels)) {
            assert!((x - whole).abs() < 1e-5, "{}: {x}, expected {whole}", kernels.name());
        }
    }
}

#[test]
fn not_a_number_stays_in_its_row() {
    for kernels in Kernels::available() {
        let mut float = Float::new(9, 33, 17, 17);
        let clean = float.plain(kernels);
        float.a[3 * 17 + 5] = f32::NAN;
        for (i, (x, clean)) in float.plain(kernels).iter().zip(clean).enumerate() {
            assert!(
                if i / 33 == 3 { x.is_nan() } else { *x == clean },
                "{}: element {i}: {x}",
                kernels.name()
            );
        }
    }
}

#[test]
#[should_panic(expected = "rows need 32 codes, there are 31")]
fn short_codes_are_refused() {
    let int8 = Int8::new(2, 16, 16, 16);
    let codes = int8.encoded(Kernels::detect());
    let rows = RowsI8::new(&codes[..31], 16, &int8.row_scales, &int8.offsets);
    let mut out = [0.0; 32];
    let window = MatMut::dense(&mut out, 2, 16);
    Kernels::detect().matmul_i8(&rows, &int8.panels(), &Epilogue::default(), window);
}

#[test]
#[should_panic(expected = "more than 32-bit sums have room for")]
fn too_many_inputs_for_exact_sums_are_refused() {
    PanelsI8::new(&[], &[], &[], 1, MAX_INPUTS_I8 + 1);
}

#[test]
#[should_panic(expected = "the output's rows and columns")]
fn output_of_another_size_is_refused() {
    let mut out = [0.0; 34];
    Float::new(2, 16, 16, 16).run(Kernels::detect(), &Epilogue::default(), MatMut::dense(&mut out, 2, 17));
}
