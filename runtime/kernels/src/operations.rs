//! What a table computes: the public methods, which check lengths and then call its functions.

use crate::layout::{PANEL, padded};
use crate::matmul;
use crate::table::Kernels;
use crate::tile::Coming;
use crate::types::{
    Activation, Epilogue, MatMut, PanelsF32, PanelsI4, PanelsI8, Quantisation, RowsF32, RowsI8,
    check_panels_i8,
};

impl Kernels {
    /// The byte of the code zero. Codes are in the table's own encoding: two's complement, XOR this.
    pub fn zero_code(&self) -> u8 {
        self.elementwise.zero_code
    }

    /// `out[m][n] = activation((Σ_k code[m][k] · w[n][k]) · scales + bias[n] + offset[m] · Σ_k w[n][k] · scale[n])`, added
    /// to `out` if [`accumulate`](Epilogue::accumulate). The sums of integers are exact.
    ///
    /// # Panics
    /// If the sizes of rows, panels, bias and output disagree.
    pub fn matmul_i8(&self, a: &RowsI8, w: &PanelsI8, e: &Epilogue, out: MatMut) {
        a.check(w.k());
        check_output(a.rows(), w.n(), e, &out);
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { matmul::product_i8(self, a, w, Coming::of::<i8>(&[]), e, out) }
    }

    /// The same of int4 weights, and the same bits. `unpacked` is overwritten.
    ///
    /// # Panics
    /// If the sizes of rows, panels, bias and output disagree, or `unpacked` has not [`unpacked_i4`](Self::unpacked_i4)
    /// elements.
    pub fn matmul_i4(&self, a: &RowsI8, w: &PanelsI4, e: &Epilogue, out: MatMut, unpacked: &mut [i8]) {
        a.check(w.k());
        check_output(a.rows(), w.n(), e, &out);
        assert_eq!(unpacked.len(), self.unpacked_i4(w.k()), "room for weights of {} inputs", w.k());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { matmul::product_i4(self, a, w, e, out, unpacked) }
    }

    /// Weights that [`matmul_i4`](Self::matmul_i4) unpacks at a time, of so many inputs: none where the table multiplies them as
    /// they are stored.
    pub fn unpacked_i4(&self, k: usize) -> usize {
        if self.tile_i4.is_some() { 0 } else { matmul::unpacked_length(k) }
    }

    /// The same weights as int8 panels, whose weights are written to `out`, of `padded(n) · padded(k)` elements.
    ///
    /// # Panics
    /// If the length does not fit.
    pub fn unpack_i4<'a>(&self, w: &PanelsI4<'a>, out: &'a mut [i8]) -> PanelsI8<'a> {
        let length = PANEL * padded(w.k());
        assert_eq!(out.len(), w.count() * length, "weights of {} x {}", w.n(), w.k());
        for (panel, out) in out.chunks_exact_mut(length).enumerate() {
            let panel = w.panels(panel..panel + 1);
            // SAFETY: `self` proves that the CPU has its features.
            unsafe { (self.elementwise.unpack_i4)(panel.codes(), panel.multipliers(), out) }
        }
        PanelsI8::new(out, w.columns().scales(), w.columns().sums(), w.n(), w.k())
    }

    /// `out[m][n] = activation(Σ_k a[m][k] · w[n][k] + bias[n])`, added to `out` if
    /// [`accumulate`](Epilogue::accumulate). Each element is summed in order of `k`.
    ///
    /// # Panics
    /// If the sizes of rows, panels, bias and output disagree.
    pub fn matmul_f32(&self, a: &RowsF32, w: &PanelsF32, e: &Epilogue, out: MatMut) {
        a.check(w.k());
        check_output(a.rows(), w.n(), e, &out);
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { matmul::product_f32(self, a, w, e, out) }
    }

    /// Quantises a row by its own range, whose ends become the codes ±127.
    ///
    /// `codes[i] = (row[i] - offset) / scale`, rounded to the nearest integer, ties to even, in the table's encoding. Codes
    /// past the row are zero, and so are all if the scale is zero (or below 2e-37). The codes of values that are not finite
    /// are unspecified.
    ///
    /// # Panics
    /// If there are fewer codes than values.
    pub fn quantise_row(&self, row: &[f32], codes: &mut [u8]) -> Quantisation {
        assert!(codes.len() >= row.len(), "{} codes for {} values", codes.len(), row.len());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe {
            let quantisation = (self.elementwise.quantisation)(row);
            (self.elementwise.quantise)(row, quantisation, codes);
            quantisation
        }
    }

    /// Quantises rows of `k` values, each symmetric around zero, into `codes` as [`panels_i8`](crate::pack::panels_i8) lays
    /// them out: activations as the right operand of a product. Rows become output columns; `scales` and `sums` are what
    /// [`PanelsI8`] wants beside them.
    ///
    /// # Panics
    /// If the rows or the outputs do not fit.
    pub fn quantise_panels(
        &self,
        rows: &RowsF32,
        k: usize,
        codes: &mut [i8],
        scales: &mut [f32],
        sums: &mut [i32],
    ) {
        rows.check(k);
        check_panels_i8(codes, scales, sums, rows.rows(), k);
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.quantise_panels)(rows, k, codes, scales, sums) }
    }

    /// The transpose of [`quantise_panels`](Self::quantise_panels): rows of `n` values become the inputs of `n` output
    /// columns, each symmetric around zero, laid out as [`panels_i8`](crate::pack::panels_i8) has them. `codes` has
    /// `padded(n) · padded(rows)` elements, `scales` and `sums` have `padded(n)`. Codes of what is not finite are unspecified.
    ///
    /// # Panics
    /// If the rows or the outputs do not fit.
    pub fn quantise_transposed(
        &self,
        rows: &RowsF32,
        n: usize,
        codes: &mut [i8],
        scales: &mut [f32],
        sums: &mut [i32],
    ) {
        rows.check(n);
        check_panels_i8(codes, scales, sums, n, rows.rows());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.quantise_transposed)(rows, n, codes, scales, sums) }
    }

    /// Quantises `e^(row - max)`, where `max` is the largest of the row: powers from 0 to 1 become the codes ±127, in the
    /// table's encoding; codes past the row are zero.
    ///
    /// Returns the sum of the powers, each within 2.5e-7 of itself, and what the codes stand for. Its offset shares
    /// out the sum of all rounding errors, so that a long tail of powers below one step keeps its weight.
    /// The power of -∞ is zero. NaN in the row makes the sum NaN; where `max` is not the largest of the row, or not finite,
    /// codes are unspecified.
    ///
    /// # Panics
    /// If there are fewer codes than values.
    pub fn exp_codes(&self, row: &[f32], max: f32, codes: &mut [u8]) -> (f32, Quantisation) {
        assert!(codes.len() >= row.len(), "{} codes for {} values", codes.len(), row.len());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.exp_codes)(row, max, codes) }
    }

    /// Applies an activation to every element.
    pub fn activate(&self, f: Activation, row: &mut [f32]) {
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.activate)(f, row) }
    }

    /// Normalises a row to mean 0 and variance 1, then scales by `weight` and adds `bias`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn layer_norm(&self, row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
        check_lengths(row.len(), weight.len());
        check_lengths(row.len(), bias.len());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.layer_norm)(row, weight, bias, eps) }
    }

    /// Largest value of a row; -∞ if empty. NaN is ignored.
    pub fn row_max(&self, row: &[f32]) -> f32 {
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.row_max)(row) }
    }

    /// `row = e^(row - max)`, each power within 2.5e-7 of itself; returns the sum. With `max` = -∞ (everything
    /// masked) the result is NaN.
    pub fn exp_sum(&self, row: &mut [f32], max: f32) -> f32 {
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.exp_sum)(row, max) }
    }

    /// `row *= by`.
    pub fn scale(&self, row: &mut [f32], by: f32) {
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.scale)(row, by) }
    }

    /// `out = a · x`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn scaled(&self, a: f32, x: &[f32], out: &mut [f32]) {
        check_lengths(x.len(), out.len());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.scaled)(a, x, out) }
    }

    /// `y += a · x`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]) {
        check_lengths(x.len(), y.len());
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.axpy)(a, x, y) }
    }

    /// `1 / (1 + e^-x)` of every element, within 2.5e-7.
    pub fn sigmoid(&self, row: &mut [f32]) {
        // SAFETY: `self` proves that the CPU has its features.
        unsafe { (self.elementwise.sigmoid)(row) }
    }
}

fn check_lengths(a: usize, b: usize) {
    assert_eq!(a, b, "lengths differ");
}

fn check_output(rows: usize, n: usize, e: &Epilogue, out: &MatMut) {
    assert_eq!((out.rows(), out.columns()), (rows, n), "the output's rows and columns");
    if let Some(bias) = e.bias {
        assert_eq!(bias.len(), n, "one bias per output column");
    }
}
