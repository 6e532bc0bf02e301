//! Both operands of the scores, `query · key / √head_dim`: f32, or int8 with a scale per query and per key.

use wavlm_kernels::{Epilogue, Kernels, MatMut, PANEL, PanelsF32, PanelsI8, RowsF32, RowsI8, pack, padded};

use super::Qkv;
use crate::scratch::Scratch;

/// The keys of one head, divided by `√head_dim`, packed as the right operand.
pub(super) struct Keys {
    count: usize,
    head_dim: usize,
    packed: Packed,
}

enum Packed {
    F32(Scratch<f32>),
    I8 { codes: Scratch<i8>, scales: Scratch<f32>, sums: Scratch<i32> },
}

/// A block of queries, the left operand.
pub(super) struct Queries<'a> {
    qkv: Qkv<'a>,
    first: usize,
    len: usize,
    /// Codes, scales and offsets, for int8 keys.
    codes: Option<(Scratch<u8>, Scratch<f32>, Scratch<f32>)>,
}

impl Keys {
    /// The first `count` keys.
    pub fn new(kernels: &Kernels, qkv: Qkv<'_>, count: usize, int8: bool) -> Keys {
        let head_dim = qkv.head_dim;
        let scaling = 1.0 / (head_dim as f32).sqrt();
        let packed = if int8 {
            let mut codes = Scratch::new(padded(count) * padded(head_dim));
            let (mut scales, mut sums) = (Scratch::new(padded(count)), Scratch::new(padded(count)));
            let keys = RowsF32::new(qkv.keys(), qkv.stride(), count);
            kernels.quantise_panels(&keys, head_dim, &mut codes, &mut scales, &mut sums);
            kernels.scale(&mut scales, scaling);
            Packed::I8 { codes, scales, sums }
        } else {
            let mut keys = Scratch::new(padded(count) * head_dim);
            pack::panels_f32_into(qkv.keys(), qkv.stride(), count, head_dim, &mut keys);
            kernels.scale(&mut keys, scaling);
            Packed::F32(keys)
        };
        Keys { count, head_dim, packed }
    }

    /// Adds the products with the keys from `start` on, a multiple of [`PANEL`], to `out`, a column per key.
    pub fn add_products(&self, kernels: &Kernels, queries: &Queries<'_>, start: usize, out: MatMut<'_>) {
        let range = start / PANEL..(start + out.columns()).div_ceil(PANEL);
        match (&self.packed, &queries.codes) {
            (Packed::I8 { codes, scales, sums }, Some((query_codes, query_scales, offsets))) => {
                let rows = RowsI8::new(query_codes, padded(self.head_dim), query_scales, offsets);
                let panels = PanelsI8::new(codes, scales, sums, self.count, self.head_dim);
                kernels.matmul_i8(&rows, &panels.panels(range), &Epilogue::ADD, out);
            }
            (Packed::F32(keys), _) => {
                let qkv = queries.qkv;
                let rows = RowsF32::new(&qkv.data[queries.first * qkv.stride()..], qkv.stride(), queries.len);
                let panels = PanelsF32::new(keys, self.count, self.head_dim);
                kernels.matmul_f32(&rows, &panels.panels(range), &Epilogue::ADD, out);
            }
            (Packed::I8 { .. }, None) => unreachable!("`Queries::new` quantises for int8 keys"),
        }
    }
}

impl<'a> Queries<'a> {
    /// At most `most` queries from `first` on, as `keys` wants them.
    pub fn new(kernels: &Kernels, qkv: Qkv<'a>, first: usize, most: usize, keys: &Keys) -> Queries<'a> {
        let len = most.min(qkv.frames - first);
        let codes = matches!(keys.packed, Packed::I8 { .. }).then(|| {
            let width = padded(qkv.head_dim);
            let mut codes = Scratch::<u8>::new(len * width);
            let (mut scales, mut offsets) = (Scratch::new(len), Scratch::new(len));
            for (query, codes) in codes.chunks_exact_mut(width).enumerate() {
                let quantisation = kernels.quantise_row(qkv.query(first + query), codes);
                (scales[query], offsets[query]) = (quantisation.scale, quantisation.offset);
            }
            (codes, scales, offsets)
        });
        Queries { qkv, first, len, codes }
    }

    /// Index of the first query.
    pub fn first(&self) -> usize {
        self.first
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.len
    }
}
