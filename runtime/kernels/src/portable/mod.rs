//! Element-wise bodies, written once. Every table compiles them for its own instruction set: they are
//! `#[inline(always)]`, and the `elementwise` macro wraps each in a function with the set's features.
//!
//! To give the same bits everywhere, they say which products are fused into a sum (`mul_add`, one instruction in every
//! set but x86-64's baseline, where it is a slow call), add in [`reduce::LANES`] lanes, choose with `if` instead of
//! `f32::max` (whose handling of NaN differs between instruction sets), and call nothing else of libm.

pub(crate) mod activation;
pub(crate) mod exp;
pub(crate) mod finish;
pub(crate) mod quantise;
pub(crate) mod quantise_panels;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod softmax;

use crate::PANEL;
use crate::types::{Activation, MatMut, Quantisation, RowsF32};
pub(crate) use finish::{Finish, Scales};

/// Rows, columns of the rows, then codes, scales and sums.
type QuantisePanels = unsafe fn(&RowsF32, usize, &mut [i8], &mut [f32], &mut [i32]);
/// Row, its largest value, codes.
type ExpCodes = unsafe fn(&[f32], f32, &mut [u8]) -> (f32, Quantisation);

/// One instruction set's compilation of this module. Calling a field is sound where the CPU has the set.
pub(crate) struct Elementwise {
    pub(crate) zero_code: u8,
    pub(crate) quantisation: unsafe fn(&[f32]) -> Quantisation,
    pub(crate) quantise: unsafe fn(&[f32], Quantisation, &mut [u8]),
    pub(crate) quantise_panels: QuantisePanels,
    pub(crate) quantise_transposed: QuantisePanels,
    pub(crate) exp_codes: ExpCodes,
    pub(crate) activate: unsafe fn(Activation, &mut [f32]),
    pub(crate) layer_norm: unsafe fn(&mut [f32], &[f32], &[f32], f32),
    pub(crate) row_max: unsafe fn(&[f32]) -> f32,
    pub(crate) exp_sum: unsafe fn(&mut [f32], f32) -> f32,
    pub(crate) scale: unsafe fn(&mut [f32], f32),
    pub(crate) scaled: unsafe fn(f32, &[f32], &mut [f32]),
    pub(crate) axpy: unsafe fn(f32, &[f32], &mut [f32]),
    pub(crate) sigmoid: unsafe fn(&mut [f32]),
    pub(crate) finish_i8: unsafe fn(Finish, Scales, &[[i32; PANEL]], MatMut),
    pub(crate) finish_f32: unsafe fn(Finish, &[[f32; PANEL]], MatMut),
}

/// Defines `ELEMENTWISE`, this module's bodies compiled with the features named by the attributes. `zero_code` is
/// the byte that stands for zero: other codes are two's complement, XOR that byte.
macro_rules! elementwise {
    (zero_code: $zero:expr, $(#[$features:meta])*) => {
        static ELEMENTWISE: crate::portable::Elementwise = {
            use crate::portable::{activation, finish, quantise, quantise_panels, reduce, rows, softmax, Elementwise, Finish, Scales};
            use crate::types::{Activation, MatMut, Quantisation, RowsF32};
            const LANES: usize = crate::PANEL;

            $(#[$features])*
            fn quantisation(row: &[f32]) -> Quantisation { quantise::quantisation(row) }
            $(#[$features])*
            fn quantise(row: &[f32], q: Quantisation, codes: &mut [u8]) { quantise::quantise::<{ $zero }>(row, q, codes) }
            $(#[$features])*
            fn quantise_panels(rows: &RowsF32, k: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
                quantise_panels::of_rows(rows, k, codes, scales, sums)
            }
            $(#[$features])*
            fn quantise_transposed(rows: &RowsF32, n: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
                quantise_panels::of_columns(rows, n, codes, scales, sums)
            }
            $(#[$features])*
            fn exp_codes(row: &[f32], max: f32, codes: &mut [u8]) -> (f32, Quantisation) {
                softmax::exp_codes::<{ $zero }>(row, max, codes)
            }
            $(#[$features])*
            fn activate(f: Activation, row: &mut [f32]) { activation::activate(f, row) }
            $(#[$features])*
            fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) { rows::layer_norm(row, weight, bias, eps) }
            $(#[$features])*
            fn row_max(row: &[f32]) -> f32 { reduce::row_max(row) }
            $(#[$features])*
            fn exp_sum(row: &mut [f32], max: f32) -> f32 { softmax::exp_sum(row, max) }
            $(#[$features])*
            fn scale(row: &mut [f32], by: f32) { rows::scale(row, by) }
            $(#[$features])*
            fn scaled(a: f32, x: &[f32], out: &mut [f32]) { rows::scaled(a, x, out) }
            $(#[$features])*
            fn axpy(a: f32, x: &[f32], y: &mut [f32]) { rows::axpy(a, x, y) }
            $(#[$features])*
            fn sigmoid(row: &mut [f32]) { activation::apply(row, activation::sigmoid) }
            $(#[$features])*
            fn finish_i8(f: Finish, s: Scales, sums: &[[i32; LANES]], out: MatMut) { finish::finish_i8(f, s, sums, out) }
            $(#[$features])*
            fn finish_f32(f: Finish, sums: &[[f32; LANES]], out: MatMut) { finish::finish_f32(f, sums, out) }

            Elementwise {
                zero_code: $zero, quantisation, quantise, quantise_panels, quantise_transposed, exp_codes, activate, layer_norm, row_max,
                exp_sum, scale, scaled, axpy, sigmoid, finish_i8, finish_f32,
            }
        };
    };
}
pub(crate) use elementwise;
