//! The table of one instruction set: its functions, and which CPUs can call them. Files of instruction sets make tables,
//! `detect` chooses between them, and `operations` calls them.

use crate::cores::CoreKind;
use crate::layout::PANEL;
use crate::tile::{Finish, RunF32, RunI4, RunI8, Scales, Tile};
use crate::types::{Activation, MatMut, Quantisation, RowsF32};
use std::fmt;

/// The arithmetic of one instruction set.
///
/// Whoever holds a `&'static Kernels` got it from [`available`](Self::available), [`detect`](Self::detect) or
/// [`by_name`](Self::by_name), so this CPU has the instruction set: that is what makes the methods safe.
pub struct Kernels {
    pub(crate) name: &'static str,
    /// Whether this CPU has the instruction set.
    pub(crate) supported: fn() -> bool,
    /// The kind of core that the table is made for, if other tables of the instruction set suit other kinds.
    pub(crate) made_for: Option<CoreKind>,
    pub(crate) tile_i8: Tile<RunI8>,
    /// Where that costs less than int8 weights do; the others unpack int4 weights for `tile_i8`.
    pub(crate) tile_i4: Option<Tile<RunI4>>,
    pub(crate) tile_f32: Tile<RunF32>,
    pub(crate) elementwise: &'static Elementwise,
}

/// Rows, columns of the rows, then codes, scales and sums.
pub(crate) type QuantisePanels = unsafe fn(&RowsF32, usize, &mut [i8], &mut [f32], &mut [i32]);
/// Row, its largest value, codes.
pub(crate) type ExpCodes = unsafe fn(&[f32], f32, &mut [u8]) -> (f32, Quantisation);

/// One instruction set's compilation of the `portable` bodies. Calling a field is sound where the CPU
/// has the set.
pub(crate) struct Elementwise {
    /// The byte that stands for zero: other codes are two's complement, XOR that byte.
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
    pub(crate) unpack_i4: unsafe fn(&[u8], &[u8], &mut [i8]),
    pub(crate) finish_i8: unsafe fn(Finish, Scales, &[[i32; PANEL]], MatMut),
    pub(crate) finish_f32: unsafe fn(Finish, &[[f32; PANEL]], MatMut),
}

impl Kernels {
    /// `"reference"`, `"avx2"`, `"avxvnni"`, `"avx512vnni"`, `"neon"`, `"neon-a53"`, `"dotprod"` or `"i8mm"`.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_tuple("Kernels").field(&self.name).finish()
    }
}

/// Two tables are equal if they are the same one.
impl PartialEq for Kernels {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kernels {}
