//! Element-wise bodies, written once. Every table compiles them for its own instruction set: they are
//! `#[inline(always)]`, and the `elementwise` macro wraps each in a function with the set's features.
//!
//! To give the same bits everywhere, they say which products are fused into a sum (`mul_add`, one instruction in every
//! set but x86-64's baseline, where it is a slow call), add in [`reduce::LANES`] lanes, ignore NaN where
//! they choose ([`reduce::larger`]) or keep it by an `if`, and call nothing else of libm.

pub(crate) mod activation;
pub(crate) mod exp;
pub(crate) mod finish;
pub(crate) mod quantise;
pub(crate) mod quantise_panels;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod softmax;
pub(crate) mod unpack;

use crate::table::Elementwise;

/// This module's bodies compiled with the features, as an `Elementwise`.
macro_rules! elementwise {
    (zero_code: $zero:expr, features: [$($feature:tt),*]) => {{
        use $crate::layout::PANEL;
        use $crate::portable::{activation, finish, quantise, quantise_panels, reduce, rows, softmax, unpack};
        use $crate::tile::{Finish, Scales};
        use $crate::types::{Activation, MatMut, Quantisation, RowsF32};

        $(#[target_feature(enable = $feature)])*
        fn quantisation(row: &[f32]) -> Quantisation { quantise::quantisation(row) }
        $(#[target_feature(enable = $feature)])*
        fn quantise(row: &[f32], q: Quantisation, codes: &mut [u8]) { quantise::quantise::<{ $zero }>(row, q, codes) }
        $(#[target_feature(enable = $feature)])*
        fn quantise_panels(rows: &RowsF32, k: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
            quantise_panels::of_rows(rows, k, codes, scales, sums)
        }
        $(#[target_feature(enable = $feature)])*
        fn quantise_transposed(rows: &RowsF32, n: usize, codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
            quantise_panels::of_columns(rows, n, codes, scales, sums)
        }
        $(#[target_feature(enable = $feature)])*
        fn exp_codes(row: &[f32], max: f32, codes: &mut [u8]) -> (f32, Quantisation) {
            softmax::exp_codes::<{ $zero }>(row, max, codes)
        }
        $(#[target_feature(enable = $feature)])*
        fn activate(f: Activation, row: &mut [f32]) { activation::activate(f, row) }
        $(#[target_feature(enable = $feature)])*
        fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) { rows::layer_norm(row, weight, bias, eps) }
        $(#[target_feature(enable = $feature)])*
        fn row_max(row: &[f32]) -> f32 { reduce::row_max(row) }
        $(#[target_feature(enable = $feature)])*
        fn exp_sum(row: &mut [f32], max: f32) -> f32 { softmax::exp_sum(row, max) }
        $(#[target_feature(enable = $feature)])*
        fn scale(row: &mut [f32], by: f32) { rows::scale(row, by) }
        $(#[target_feature(enable = $feature)])*
        fn scaled(a: f32, x: &[f32], out: &mut [f32]) { rows::scaled(a, x, out) }
        $(#[target_feature(enable = $feature)])*
        fn axpy(a: f32, x: &[f32], y: &mut [f32]) { rows::axpy(a, x, y) }
        $(#[target_feature(enable = $feature)])*
        fn sigmoid(row: &mut [f32]) { activation::apply(row, activation::sigmoid) }
        $(#[target_feature(enable = $feature)])*
        fn unpack_i4(codes: &[u8], multipliers: &[u8], out: &mut [i8]) { unpack::unpack(codes, multipliers, out) }
        $(#[target_feature(enable = $feature)])*
        fn finish_i8(f: Finish, s: Scales, sums: &[[i32; PANEL]], out: MatMut) { finish::finish_i8(f, s, sums, out) }
        $(#[target_feature(enable = $feature)])*
        fn finish_f32(f: Finish, sums: &[[f32; PANEL]], out: MatMut) { finish::finish_f32(f, sums, out) }

        $crate::table::Elementwise {
            zero_code: $zero, quantisation, quantise, quantise_panels, quantise_transposed, exp_codes, activate, layer_norm,
            row_max, exp_sum, scale, scaled, axpy, sigmoid, unpack_i4, finish_i8, finish_f32,
        }
    }};
}

/// The bodies compiled for what every CPU of the architecture has; on 64-bit ARM that includes NEON.
pub(crate) static BASELINE: Elementwise = elementwise!(zero_code: 0, features: []);

/// Defines `KERNELS`, the table of an instruction set, from one list of its features: the list is what detection asks
/// for, and what the functions of the table are compiled with. A tile function may be called where the list has all
/// features that it names for itself; where one is missing, the compiler refuses the call.
macro_rules! kernels {
    (
        name: $name:literal,
        features: $detected:ident[$($feature:tt),+],
        made_for: $made_for:expr,
        elementwise: $kind:ident$((zero_code: $zero:expr))?,
        tile_i8: ($tile_i8:path, $size_i8:expr),
        $(tile_i4: ($tile_i4:path, $size_i4:expr),)?
        tile_f32: ($tile_f32:path, $size_f32:expr),
    ) => {
        pub(crate) static KERNELS: $crate::table::Kernels = {
            use $crate::tile::{Sums, Tile, TileF32, TileI8};

            fn supported() -> bool { $(std::arch::$detected!($feature))&&+ }

            $(#[target_feature(enable = $feature)])+
            fn run_i8(t: &TileI8, out: &mut Sums<i32>) { $tile_i8(t, out) }
            $(#[target_feature(enable = $feature)])+
            fn run_f32(t: &TileF32, out: &mut Sums<f32>) { $tile_f32(t, out) }

            $crate::table::Kernels {
                name: $name,
                supported,
                made_for: $made_for,
                tile_i8: Tile { size: $size_i8, run: run_i8 },
                tile_i4: $crate::portable::kernels!(@tile [$($feature),+] $($tile_i4, $size_i4)?),
                tile_f32: Tile { size: $size_f32, run: run_f32 },
                elementwise: $crate::portable::kernels!(@$kind [$($feature),+] $($zero)?),
            }
        };
    };
    (@tile [$($feature:tt),+]) => { None };
    (@tile [$($feature:tt),+] $tile_i4:path, $size_i4:expr) => {{
        $(#[target_feature(enable = $feature)])+
        fn run_i4(t: &$crate::tile::TileI4, out: &mut Sums<i32>) { $tile_i4(t, out) }
        Some(Tile { size: $size_i4, run: run_i4 })
    }};
    (@compiled [$($feature:tt),+] $zero:expr) => {{
        static ELEMENTWISE: $crate::table::Elementwise =
            $crate::portable::elementwise!(zero_code: $zero, features: [$($feature),+]);
        &ELEMENTWISE
    }};
    (@baseline [$($feature:tt),+]) => {
        &$crate::portable::BASELINE
    };
}

#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(unused_imports, reason = "all other tables share `BASELINE`")
)]
pub(crate) use elementwise;
pub(crate) use kernels;
