//! Products on the shapes of one second of audio.

use crate::memory::{Aligned, Model, codes, floats};
use crate::timing::{Case, Group, Precision, Run, calls};
use Weights::{Cold, Warm};
use std::rc::Rc;
use wavlm_kernels::{
    Epilogue, GROUP_I4, Kernels, MatMut, PanelsF32, PanelsI4, PanelsI8, RowsF32, RowsI8, padded,
};

/// One product: `rows` by `k`, the rows `stride` apart, times `k` by `n`.
struct Shape {
    name: &'static str,
    rows: usize,
    k: usize,
    n: usize,
    stride: usize,
    weights: Weights,
}

/// Where the weights are when a product begins.
enum Weights {
    /// In memory: a large model's do not fit a cache.
    Cold,
    /// In a cache: a small model's, and what was just computed.
    Warm,
}

/// Convolutions of wavlm-base over 263 of its stem's windows and its 49 frames; then the built-in model.
#[rustfmt::skip]
const INT8: &[Shape] = &[
    Shape { name: "stem, 3 taps",           rows: 263, k: 1536, n: 512,  stride: 1024, weights: Cold },
    Shape { name: "stem, 2 taps",           rows: 263, k: 1024, n: 512,  stride: 1024, weights: Cold },
    Shape { name: "positional, a group",    rows: 49,  k: 6144, n: 48,   stride: 48,   weights: Cold },
    Shape { name: "small attention",        rows: 49,  k: 128,  n: 128,  stride: 128,  weights: Warm },
    Shape { name: "small feed-forward, up", rows: 49,  k: 128,  n: 512,  stride: 128,  weights: Warm },
];

/// Linear layers of wavlm-base, whose weights may have four bits.
#[rustfmt::skip]
const LINEAR: &[Shape] = &[
    Shape { name: "attention, a linear",    rows: 49,  k: 768,  n: 768,  stride: 768,  weights: Cold },
    Shape { name: "attention, q k v",       rows: 49,  k: 768,  n: 2304, stride: 768,  weights: Cold },
    Shape { name: "feed-forward, up",       rows: 49,  k: 768,  n: 3072, stride: 768,  weights: Cold },
    Shape { name: "feed-forward, down",     rows: 49,  k: 3072, n: 768,  stride: 3072, weights: Cold },
];

/// Convolution 0, and a block of queries by keys.
#[rustfmt::skip]
const FLOAT: &[Shape] = &[
    Shape { name: "convolution 0",     rows: 527, k: 10, n: 512, stride: 5,  weights: Warm },
    Shape { name: "queries, 64 keys",  rows: 32,  k: 64, n: 64,  stride: 64, weights: Warm },
    Shape { name: "queries, 128 keys", rows: 32,  k: 64, n: 128, stride: 64, weights: Warm },
    Shape { name: "queries, 256 keys", rows: 32,  k: 64, n: 256, stride: 64, weights: Warm },
    Shape { name: "queries, 512 keys", rows: 32,  k: 64, n: 512, stride: 64, weights: Warm },
];

pub fn cases(tables: &[&'static Kernels]) -> Vec<Case> {
    let model = Rc::new(Model::new(|x| x.wrapping_sub(125) as i8));
    let codes = Rc::new(Model::new(|x| x));
    let int8 = INT8.iter().chain(LINEAR).flat_map(|shape| {
        let model = &model;
        tables.iter().map(move |kernels| {
            let run = calls(int8(kernels, shape, Rc::clone(model)));
            shape.case(kernels, "int8", Precision::Int8, run)
        })
    });
    let int4 = LINEAR.iter().flat_map(|shape| {
        let codes = &codes;
        tables.iter().map(move |kernels| {
            let run = calls(int4(kernels, shape, Rc::clone(codes)));
            shape.case(kernels, "int4", Precision::Int8, run)
        })
    });
    let float = FLOAT.iter().flat_map(|shape| {
        tables
            .iter()
            .map(move |kernels| shape.case(kernels, "f32", Precision::Float, calls(float(kernels, shape))))
    });
    int8.chain(int4).chain(float).collect()
}

impl Shape {
    /// A case whose weights are `bits`, and whose sums are of that precision.
    fn case(&self, kernels: &Kernels, bits: &str, precision: Precision, run: Run) -> Case {
        let Self { name, rows, k, n, .. } = *self;
        let weights = match self.weights {
            Cold => "cold",
            Warm => "warm",
        };
        Case {
            kernel: kernels.name(),
            group: Group::Product(precision),
            name: format!("{bits} {name}: {rows} x {k} x {n}, {weights}"),
            work: (rows * k * n) as u64,
            run,
        }
    }

    /// Values that the rows reach over, up to `k` of the last one.
    fn extent(&self, k: usize) -> usize {
        (self.rows - 1) * self.stride + k
    }
}

/// What an integer product has beside its weights.
struct Operands {
    codes: Aligned<u8>,
    row_scales: Vec<f32>,
    offsets: Vec<f32>,
    scales: Vec<f32>,
    sums: Vec<i32>,
    bias: Aligned<f32>,
    out: Aligned<f32>,
}

impl Operands {
    fn new(shape: &Shape) -> Self {
        let Shape { rows, k, n, .. } = *shape;
        Self {
            codes: codes(shape.extent(padded(k))),
            row_scales: vec![1e-2; rows],
            offsets: vec![0.0; rows],
            scales: vec![1e-3; padded(n)],
            // Sums of weights change a product's values, not its time.
            sums: vec![0; padded(n)],
            bias: floats(n),
            out: floats(rows * n),
        }
    }
}

fn int8(kernels: &'static Kernels, shape: &'static Shape, model: Rc<Model<i8>>) -> impl FnMut() {
    let Shape { rows, k, n, stride, .. } = *shape;
    let mut o = Operands::new(shape);
    move || {
        let size = padded(n) * padded(k);
        let weights = match shape.weights {
            Cold => model.stream(size),
            Warm => model.first(size),
        };
        kernels.matmul_i8(
            &RowsI8::new(o.codes.get(), stride, &o.row_scales, &o.offsets),
            &PanelsI8::new(weights, &o.scales, &o.sums, n, k),
            &Epilogue { bias: Some(o.bias.get()), ..Epilogue::default() },
            MatMut::dense(o.out.get_mut(), rows, n),
        );
    }
}

fn int4(kernels: &'static Kernels, shape: &'static Shape, model: Rc<Model<u8>>) -> impl FnMut() {
    let Shape { rows, k, n, stride, .. } = *shape;
    let mut o = Operands::new(shape);
    let multipliers = vec![11; padded(n) * k / GROUP_I4];
    let mut unpacked = vec![0; kernels.unpacked_i4(k)];
    move || {
        let weights = model.stream(padded(n) * k / 2);
        kernels.matmul_i4(
            &RowsI8::new(o.codes.get(), stride, &o.row_scales, &o.offsets),
            &PanelsI4::new(weights, &multipliers, &o.scales, &o.sums, n, k),
            &Epilogue { bias: Some(o.bias.get()), ..Epilogue::default() },
            MatMut::dense(o.out.get_mut(), rows, n),
            &mut unpacked,
        );
    }
}

fn float(kernels: &'static Kernels, shape: &'static Shape) -> impl FnMut() {
    let Shape { rows, k, n, stride, .. } = *shape;
    let (values, weights) = (floats(shape.extent(k)), floats(padded(n) * k));
    let bias = floats(n);
    let mut out = floats(rows * n);
    move || {
        kernels.matmul_f32(
            &RowsF32::new(values.get(), stride, rows),
            &PanelsF32::new(weights.get(), n, k),
            &Epilogue { bias: Some(bias.get()), ..Epilogue::default() },
            MatMut::dense(out.get_mut(), rows, n),
        );
    }
}
