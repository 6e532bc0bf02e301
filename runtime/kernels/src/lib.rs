//! The arithmetic of WavLM: int8 and f32 matrix products and the element-wise work between them.
//!
//! [`Kernels`] is a table of functions for one instruction set. [`Kernels::detect`] picks the best that this
//! CPU runs; everything else is a method of it.
//!
//! ```
//! use wavlm_kernels::{Epilogue, Kernels, MatMut, PanelsF32, RowsF32, pack};
//!
//! let weights = pack::panels_f32(&[1.0, 2.0, 3.0, 4.0], 2, 2, 2); // two output channels, two columns
//! let mut out = [0.0; 2];
//! Kernels::detect().matmul_f32(
//!     &RowsF32::new(&[10.0, 1.0], 2, 1),
//!     &PanelsF32::new(&weights, 2, 2),
//!     &Epilogue::default(),
//!     MatMut::dense(&mut out, 1, 2),
//! );
//! assert_eq!(out, [12.0, 34.0]);
//! ```
//!
//! # Map
//! From the bottom up; a file imports only from above itself in this list.
//! - `layout`, `spans`: how panels lie in memory; ranges cut into parts.
//! - [`CoreKind`], [`Sizes`]: which cores there are, read from the system in this one place.
//! - [`types`](RowsI8): operands, checked once when they are made.
//! - [`pack`]: the one layout of weights that every table reads in place.
//! - `tile`: operands and sums of a tile, checked when they are made, so that unchecked loads may rely on them.
//! - `table`: the functions of one instruction set.
//! - `portable`: element-wise bodies, written once and compiled per instruction set.
//! - `reference`: the tiles' definition, in plain loops. `x86`, `arm`: the tiles by hand.
//! - `matmul`: loop order, the same for every instruction set.
//! - `detect`, `operations`: the choice between tables, and what can be done with one.
//!
//! A new instruction set is one file in `x86` or `arm`: its tiles, and its table, made by the `kernels` macro from one
//! list of CPU features. A line in `detect` adds the table, and the tests then run it against the reference.
//!
//! # Same bits
//! An element of a product depends on its row, its column's weights and the epilogue alone, never on the number
//! of rows, the column block or the thread. int8 products are exact, so they agree on all tables; so do the
//! element-wise functions, which fuse the same products into sums and add in sixteen fixed lanes. f32 products of
//! different tables differ in rounding (some fuse multiply and add).

#[cfg(target_arch = "aarch64")]
mod arm;
mod cores;
mod detect;
mod layout;
mod matmul;
mod operations;
pub mod pack;
mod portable;
mod reference;
mod spans;
mod table;
mod tile;
mod types;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use cores::{CoreKind, Sizes};
pub use detect::KernelError;
pub use layout::{GROUP_I4, MAX_INPUTS_I8, MAX_MULTIPLIER_I4, PANEL, ZERO_I4, padded};
pub use table::Kernels;
pub use types::{Activation, Epilogue, MatMut, PanelsF32, PanelsI4, PanelsI8, Quantisation, RowsF32, RowsI8};
