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
//!     MatMut::new(&mut out, 1, 2, 2),
//! );
//! assert_eq!(out, [12.0, 34.0]);
//! ```
//!
//! # Map
//! - [`types`](RowsI8): operands, checked once when they are made.
//! - `dispatch`: the table, detection, and the public methods.
//! - `matmul`: loop order, the same for every instruction set; a table supplies the `tile`.
//! - `portable`: element-wise bodies, written once and compiled per instruction set.
//! - `reference`: the tiles' definition. `x86`, `arm`: the tiles by hand.
//! - [`pack`]: the one layout of weights that every table reads in place.
//!
//! # Same bits
//! An element of a product depends on its row, its column's weights and the epilogue alone, never on the number
//! of rows, the column block or the thread. int8 products are exact, so they agree on all tables; so do the
//! element-wise functions, which fuse the same products into sums and add in sixteen fixed lanes. f32 products of
//! different tables differ in rounding (some fuse multiply and add).

#[cfg(target_arch = "aarch64")]
mod arm;
mod dispatch;
mod matmul;
pub mod pack;
mod portable;
mod reference;
mod tile;
mod types;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use dispatch::{KernelError, Kernels};
pub use types::{Activation, Epilogue, MatMut, PanelsF32, PanelsI8, Quantisation, RowsF32, RowsI8};

/// Columns of a weight panel; int8 packing pads both sides of a matrix to a multiple of it.
pub const PANEL: usize = 16;

/// `n` rounded up to a multiple of [`PANEL`].
pub const fn padded(n: usize) -> usize {
    n.next_multiple_of(PANEL)
}
