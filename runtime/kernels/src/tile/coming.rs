//! Weights that tiles to come will read, whatever their type.

use std::marker::PhantomData;

/// Bytes to be fetched from memory while a tile computes; there may be none.
#[derive(Clone, Copy)]
pub(crate) struct Coming<'a> {
    pub(crate) start: *const u8,
    pub(crate) bytes: usize,
    weights: PhantomData<&'a [u8]>,
}

impl<'a> Coming<'a> {
    pub(crate) fn of<T>(weights: &'a [T]) -> Self {
        Self { start: weights.as_ptr().cast(), bytes: size_of_val(weights), weights: PhantomData }
    }

    /// The same bytes in `count` parts of the same length, but for a rest that is left out.
    pub(crate) fn shares(self, count: usize) -> impl Iterator<Item = Self> {
        let bytes = self.bytes / count;
        (0..count).map(move |i| Self { start: self.start.wrapping_add(i * bytes), bytes, ..self })
    }
}
