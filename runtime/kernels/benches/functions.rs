//! Element-wise functions over the hidden state of one second of wavlm-base.

use crate::memory::{Aligned, codes, floats};
use crate::timing::{Case, Group, Run};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wavlm_kernels::{Activation, Kernels};

const ROWS: usize = 49;
const WIDTH: usize = 768;

/// What a function may be given beside its row, each as long.
struct Others {
    floats: Aligned<f32>,
    codes: Aligned<u8>,
}

type Function = fn(&Kernels, &mut [f32], &mut Others);

#[rustfmt::skip]
const FUNCTIONS: [(&str, Function); 15] = [
    ("gelu",          |kernels, row, _| kernels.activate(Activation::Gelu, row)),
    ("gelu_new",      |kernels, row, _| kernels.activate(Activation::GeluNew, row)),
    ("relu",          |kernels, row, _| kernels.activate(Activation::Relu, row)),
    ("selu",          |kernels, row, _| kernels.activate(Activation::Selu, row)),
    ("silu",          |kernels, row, _| kernels.activate(Activation::Silu, row)),
    ("tanh",          |kernels, row, _| kernels.activate(Activation::Tanh, row)),
    ("sigmoid",       |kernels, row, _| kernels.sigmoid(row)),
    ("quantise_row",  |kernels, row, others| _ = kernels.quantise_row(row, others.codes.get_mut())),
    ("layer_norm",    |kernels, row, others| kernels.layer_norm(row, others.floats.get(), others.floats.get(), 1e-5)),
    ("row_max",       |kernels, row, _| _ = black_box(kernels.row_max(row))),
    ("exp_sum",       |kernels, row, _| _ = black_box(kernels.exp_sum(row, 1.0))),
    ("exp_codes",     |kernels, row, others| _ = black_box(kernels.exp_codes(row, 1.0, others.codes.get_mut()))),
    ("scale",         |kernels, row, _| kernels.scale(row, 0.3)),
    ("axpy",          |kernels, row, others| kernels.axpy(0.3, others.floats.get(), row)),
    ("scaled",        |kernels, row, others| kernels.scaled(0.3, others.floats.get(), row)),
];

pub fn cases(tables: &[&'static Kernels]) -> Vec<Case> {
    let case = |(name, function): (&str, Function), kernels: &'static Kernels| Case {
        kernel: kernels.name(),
        group: Group::Function,
        name: name.to_owned(),
        work: (ROWS * WIDTH) as u64,
        run: over_fresh_rows(kernels, function),
    };
    FUNCTIONS
        .into_iter()
        .flat_map(|function| tables.iter().map(move |kernels| case(function, kernels)))
        .collect()
}

/// Times the function alone, each time over the same values: over its own results it would soon meet subnormal
/// ones, which are slow.
fn over_fresh_rows(kernels: &'static Kernels, function: Function) -> Run {
    let fresh = floats(ROWS * WIDTH);
    let mut rows = floats(ROWS * WIDTH);
    let mut others = Others { floats: floats(WIDTH), codes: codes(WIDTH) };
    Box::new(move |calls| {
        let mut elapsed = Duration::ZERO;
        for _ in 0..calls {
            rows.get_mut().copy_from_slice(fresh.get());
            let start = Instant::now();
            for row in rows.get_mut().chunks_exact_mut(WIDTH) {
                function(kernels, row, &mut others);
            }
            elapsed += start.elapsed();
        }
        elapsed
    })
}
