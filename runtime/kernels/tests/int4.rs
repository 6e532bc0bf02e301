//! int4 weights of every table against the int8 weights that they stand for: unpacked, and in products.

#![allow(missing_docs, reason = "a test")]

mod common;

use common::{Numbers, unless_miri};
use wavlm_kernels::{
    Epilogue, GROUP_I4, Kernels, MAX_MULTIPLIER_I4, MatMut, PanelsI4, PanelsI8, RowsI8, ZERO_I4, pack, padded,
};

const ROWS: &[usize] = unless_miri(&[1, 2, 5, 7, 33], &[1, 3]);
const COLUMNS: &[usize] = unless_miri(&[1, 16, 17, 48, 50], &[1, 33]);
/// Also some whose last group is but half there.
const DEPTHS: &[usize] = unless_miri(&[1, 16, 17, 33, 48, 64, 100, 768, 3072], &[1, 48]);

/// Weights of `n` columns over `k` inputs, in both forms.
struct Weights {
    n: usize,
    k: usize,
    codes: Vec<u8>,
    multipliers: Vec<u8>,
    int8: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
}

impl Weights {
    /// `code` and `multiplier` make one at a time: below 16, and at most [`MAX_MULTIPLIER_I4`].
    fn new(n: usize, k: usize, mut code: impl FnMut() -> u8, mut multiplier: impl FnMut() -> u8) -> Self {
        let groups = k.div_ceil(GROUP_I4);
        let codes: Vec<u8> = (0..n * k).map(|_| code()).collect();
        let multipliers: Vec<u8> = (0..n * groups).map(|_| multiplier()).collect();
        let weight = |(i, &code): (usize, &u8)| {
            let multiplier = multipliers[i / k * groups + i % k / GROUP_I4];
            (i16::from(code) - i16::from(ZERO_I4)) as i8 * multiplier as i8
        };
        let weights: Vec<i8> = codes.iter().enumerate().map(weight).collect();
        Self {
            codes: pack::panels_i4(&codes, n, k),
            multipliers: pack::multipliers_i4(&multipliers, n, k),
            int8: pack::panels_i8(&weights, n, k),
            scales: vec![0.5; padded(n)],
            sums: pack::sums_i8(&weights, n, k),
            n,
            k,
        }
    }

    fn random(n: usize, k: usize) -> Self {
        let mut numbers = [1, 2].map(|seed| Numbers((seed * 1_000_003 + n * 1009 + k) as u64));
        let [codes, multipliers] = &mut numbers;
        Self::new(n, k, || (codes.next() % 16) as u8, || (multipliers.next() % 16) as u8)
    }

    fn panels(&self) -> PanelsI4<'_> {
        PanelsI4::new(&self.codes, &self.multipliers, &self.scales, &self.sums, self.n, self.k)
    }

    /// Both forms give the same bits, of rows whose codes are `code`'s, one after the other.
    fn check(&self, kernels: &Kernels, rows: usize, code: impl FnMut() -> i8) {
        let Self { n, k, .. } = *self;
        let codes = std::iter::repeat_with(code).take(rows * padded(k));
        let codes: Vec<u8> = codes.map(|code| code as u8 ^ kernels.zero_code()).collect();
        let (row_scales, offsets) = (vec![0.25; rows], Numbers(3).floats(rows));
        let a = RowsI8::new(&codes, padded(k), &row_scales, &offsets);
        let mut products = [vec![0.0; rows * n], vec![0.0; rows * n]];
        let [of_int4, of_int8] = products.each_mut().map(|out| MatMut::dense(out, rows, n));
        let mut room = vec![77; kernels.unpacked_i4(k)];
        kernels.matmul_i4(&a, &self.panels(), &Epilogue::default(), of_int4, &mut room);
        let int8 = PanelsI8::new(&self.int8, &self.scales, &self.sums, n, k);
        kernels.matmul_i8(&a, &int8, &Epilogue::default(), of_int8);
        assert_eq!(products[0], products[1], "{} {rows} x {k} x {n}", kernels.name());
    }
}

#[test]
fn they_unpack_to_int8_ones() {
    for (&n, &k) in COLUMNS.iter().flat_map(|n| DEPTHS.iter().map(move |k| (n, k))) {
        let weights = Weights::random(n, k);
        let panels = weights.panels();
        for kernels in Kernels::available() {
            let mut unpacked = vec![77; weights.int8.len()];
            kernels.unpack_i4(&panels, &mut unpacked);
            assert_eq!(unpacked, weights.int8, "{} {n} x {k}", kernels.name());
            // A panel alone, as the last ones are taken.
            let last = panels.count() - 1;
            let length = unpacked.len() / panels.count();
            let mut part = vec![77; length];
            kernels.unpack_i4(&panels.panels(last..last + 1), &mut part);
            assert_eq!(part, weights.int8[last * length..], "{} {n} x {k}", kernels.name());
        }
    }
}

#[test]
fn their_products_are_those_of_int8_ones() {
    for (&n, &k) in COLUMNS.iter().flat_map(|n| DEPTHS.iter().map(move |k| (n, k))) {
        let weights = Weights::random(n, k);
        for kernels in Kernels::available() {
            for &rows in ROWS {
                let mut numbers = Numbers(rows as u64);
                weights.check(kernels, rows, || ((numbers.next() % 255) as u8 as i8).max(-127));
            }
        }
    }
}

#[test]
fn their_sums_have_room_for_extremes() {
    for (code, weight) in [(127, 0), (127, 15), (-127, 0), (-127, 15)] {
        for &(rows, n, k) in unless_miri([(13, 32, 3072), (3, 1, 48)].as_slice(), &[(1, 1, 48)]) {
            let weights = Weights::new(n, k, || weight, || MAX_MULTIPLIER_I4);
            for kernels in Kernels::available() {
                weights.check(kernels, rows, || code);
            }
        }
    }
}
